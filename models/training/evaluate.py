"""Measures a checkpoint: plain prompts against OneActor, one character in eight scenes and two in six. Writes contact sheets.

Usage: evaluate.py [CHECKPOINT] [--subjects robot:1,cat:2,...] [--plain] -> tables on the standard output, work/sheet_*.png
"""
import argparse
import os
import time
import numpy as np
import torch
from checkpoint import load_checkpoint
from measure import LEFT, RIGHT, Reader, SceneReader, agreement, to_target
from oneactor import OneActor
from sheets import sheet
from world import SPECIES

PLACES = {"in a forest": "forest", "on a beach at sunset": "beach", "waving in a city": "city", "in a desert": "desert",
          "jumping in the snow": "snow", "on the moon": "moon", "holding a balloon in a room": "room", "near a castle at night": "castle"}
PLACES_OF_TWO = ("in a forest", "on a beach", "in a city at night", "on the moon", "near a castle", "in the snow")
PAIRS = [("robot", "hobbit"), ("cat", "bear"), ("rabbit", "robot"), ("hobbit", "cat"), ("bear", "rabbit"), ("cat", "robot")]
SEED_ONE, SEED_TWO = 500, 900


def score(reads, species, target=None):
    """-> identity, all four, to target, species"""
    return *agreement(reads), to_target(reads, target) if target else float("nan"), np.mean([r["species"] == species for r in reads])


def show(label, row):
    print(f"| {label:22s} |", " | ".join(f"{x:.2f}" for x in row), "|", flush=True)


class Evaluation:
    def __init__(self, checkpoint, scenes):
        self.oneactor = OneActor(load_checkpoint(checkpoint))
        self.reader, self.scenes = Reader(), SceneReader(scenes)
        self.sides = Reader(LEFT), Reader(RIGHT)

    def one(self, species, actors=(), target=None):
        pictures = self.oneactor.draw([f"a photo of a {species} {place}" for place in PLACES], actors, SEED_ONE)
        scenes = [s for s, _ in self.scenes.read(pictures)]
        row = *score([self.reader.read(p) for p in pictures], species, target), np.mean([a == b for a, b in zip(scenes, PLACES.values())])
        return pictures, row

    def two(self, species, actors=(), targets=(None, None)):
        """-> pictures, a row for the left and one for the right"""
        pictures = self.oneactor.draw([f"a photo of a {species[0]} and a {species[1]} {place}" for place in PLACES_OF_TWO], actors, SEED_TWO)
        return pictures, [score([side.read(p) for p in pictures], s, t) for side, s, t in zip(self.sides, species, targets)]

    def actor(self, species, seed):
        """the target is the cleanest picture of the species in the base set"""
        cluster = self.oneactor.generate(f"a photo of a {species}", species, seed)
        reads = [self.reader.read(p) for p in cluster.pictures]
        right = [i for i, read in enumerate(reads) if read["species"] == species]
        target = min(right or range(len(reads)), key=lambda i: reads[i]["fit"])
        return self.oneactor.tune(cluster, target), reads[target]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("checkpoint", nargs="?", default="../checkpoints/tiny-actors.safetensors")
    options.add_argument("--scenes", default="../scores/tiny-world-scenes.safetensors")
    options.add_argument("--subjects", default="robot:1,hobbit:3,cat:2,bear:5,rabbit:4,robot:6", help="species:seed of the base set")
    options.add_argument("--plain", action="store_true", help="plain prompts only: a minute instead of ten")
    o = options.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 2)))
    e, start, actors, table, rows = Evaluation(o.checkpoint, o.scenes), time.process_time(), {}, {}, []

    def add(name, label, row):
        table.setdefault(name, []).append(row)
        show(f"{label} {name}", row)

    print("| | identity | all four | to target | species | scene |")
    for species in SPECIES:
        add("plain", species, e.one(species)[1])
    for subject in [] if o.plain else o.subjects.split(","):
        species, seed = subject.split(":")
        actor, target = e.actor(species, int(seed))
        actors.setdefault(species, (actor, target))
        pictures, row = e.one(species, [actor], target)
        add("OneActor", subject, row)
        rows.append((f"{subject}\nthe target, then\neight scenes", [actor.picture, *pictures]))
    if rows:
        sheet(rows, "work/sheet_one.png")
    rows = []
    for pair in PAIRS:
        cast = [actors[s] for s in pair if s in actors]
        for name, chosen in (("plain, two", []), ("OneActor, two", cast)):
            if name == "plain, two" or len(cast) == 2:
                pictures, sides = e.two(pair, [a for a, _ in chosen], [t for _, t in chosen] or (None, None))
                rows.append((f"{pair[0]} and {pair[1]}\n{name}", [*(a.picture for a, _ in chosen), *pictures]))
                for side, row in zip(("left", "right"), sides):
                    add(f"{name}, {side}", "+".join(pair), row)
    sheet(rows, "work/sheet_two.png")
    print("\nmeans")
    for name, row in table.items():
        show(name, np.mean(row, 0))
    print(f"CPU {time.process_time() - start:.0f} s")


if __name__ == "__main__":
    main()
