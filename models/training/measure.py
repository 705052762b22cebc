"""What is in a picture? A reader of species and identity by sprites, without a neural net, and a small classifier of scene and time of day.

  agreement  mean over all pairs of pictures of the share of equal identity factors (body, clothes, hat, mark), and the share of pairs with all equal
  to_target  share of the target's factors found in the pictures

Usage: measure.py trains the classifier (tiny-world-scenes.safetensors) and prints how often both are right on held-out pictures.
"""
import argparse
import itertools
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from data import HELD_OUT, Pictures
from world import CELL, COLOR_NAMES, COLORS, GRID, HATS, MARKS, SCENES, SPECIES, TIMES, Grid, draw_character

FACTORS = ("body", "clothes", "hat", "mark")
BODY, CLOTHES = (-1000.0, 0, 0), (-2000.0, 0, 0)  # stand for the colours to be read
PALETTE = np.array(list(COLORS.values()), np.float32)
ONE, LEFT, RIGHT = (1, 2, 3, 4, 5, 6), (-1,), (8,)  # columns where a sprite may begin: alone, and as one of two


def cells(picture):
    """uint8 [128,128,3] -> float [16,16,3], the mean of the middle 4x4 pixels of each cell; a grid [16,16,3] stays"""
    if picture.shape[0] == GRID:
        return picture.astype(np.float32)
    return np.asarray(picture, np.float32).reshape(GRID, CELL, GRID, CELL, 3)[:, 2:6, :, 2:6].mean((1, 3))


class Reader:
    """Finds the template with the least error per cell: distance to a fixed colour, or spread around the mean for body and clothes cells."""

    def __init__(self, columns=ONE):
        self.info, body, clothes, fixed, colours = [], [], [], [], []
        for species, x, lift, hat, mark, pose in itertools.product(SPECIES, columns, (2, 0), HATS, MARKS, ("standing", "waving")):
            g = Grid()
            g.ox, g.oy, g.mark = x, lift, 1
            draw_character(g, {"species": species, "rgb_body": BODY, "rgb_clothes": CLOTHES, "hat": hat, "mark": mark, "pose": pose})
            a, painted = g.a.reshape(-1, 3), g.who.reshape(-1) > 0
            b, c = a[:, 0] == BODY[0], a[:, 0] == CLOTHES[0]
            self.info.append(dict(species=species, x=x, pose="jumping" if lift == 0 else pose, hat=hat, mark=mark))
            body.append(b), clothes.append(c), fixed.append(painted & ~b & ~c), colours.append(a * fixed[-1][:, None])
        self.body, self.clothes, self.fixed = (np.stack(m).astype(np.float32) for m in (body, clothes, fixed))
        self.colours = np.stack(colours).reshape(len(self.info), -1)
        self.count = (self.body + self.clothes + self.fixed).sum(1)

    def read(self, picture):
        """-> species, x, pose, hat, mark, body, clothes, rgb_body, rgb_clothes, fit (rms error of the template in levels)"""
        p = cells(picture).reshape(-1, 3)
        square = (p ** 2).sum(1)
        error = self.fixed @ square - 2 * self.colours @ p.reshape(-1) + (self.colours ** 2).sum(1)
        means = []
        for mask in (self.body, self.clothes):
            total, n = mask @ p, mask.sum(1)
            error += mask @ square - (total ** 2).sum(1) / n
            means.append(total / n[:, None])
        best = int(np.argmin(error / self.count))
        found = dict(self.info[best], fit=float(np.sqrt(max(0, error[best] / self.count[best] / 3))))
        for factor, mean in zip(("body", "clothes"), means):
            found["rgb_" + factor] = mean[best].round().astype(int).tolist()
            found[factor] = COLOR_NAMES[int(((PALETTE - mean[best]) ** 2).sum(1).argmin())]
        return found


def agreement(reads):
    equal = np.array([[a[f] == b[f] for f in FACTORS] for a, b in itertools.combinations(reads, 2)], float)
    return equal.mean(), equal.min(1).mean()


def to_target(reads, target):
    return float(np.mean([[r[f] == target[f] for f in FACTORS] for r in reads]))


class SceneReader:
    def __init__(self, path):
        self.weights = load_file(path)

    def read(self, pictures):
        """-> [(scene, time of day)]"""
        scores = classify(self.weights, np.stack([cells(p) for p in pictures]))
        scene, time = (s.argmax(1).tolist() for s in scores.split([len(SCENES), len(TIMES)], 1))
        return [(SCENES[s], TIMES[t]) for s, t in zip(scene, time)]


def classify(w, grids, noise=0.0):
    """grids [N,16,16,3] in 0..255 -> scores [N, scenes + times]"""
    x = torch.as_tensor(grids).float().div(127.5).sub(1).flatten(1)
    hidden = F.relu(F.linear(x + noise * torch.randn_like(x), w["w1"], w["b1"]))
    return F.linear(hidden, w["w2"], w["b2"])


def train_classifier(data, hidden=96, epochs=4):
    first, second = torch.nn.Linear(GRID * GRID * 3, hidden), torch.nn.Linear(hidden, len(SCENES) + len(TIMES))
    w = {"w1": first.weight, "b1": first.bias, "w2": second.weight, "b2": second.bias}
    labels = torch.tensor([[SCENES.index(p["scene"]), TIMES.index(p["time"])] for p in data.pictures])
    optimiser, trained = torch.optim.AdamW(w.values(), 2e-3, weight_decay=1e-2), len(labels) - HELD_OUT
    for _ in range(epochs):
        for numbers in torch.randperm(trained).split(256):
            scene, time = classify(w, data.grids[numbers], noise=0.1).split([len(SCENES), len(TIMES)], 1)
            loss = F.cross_entropy(scene, labels[numbers, 0]) + 0.5 * F.cross_entropy(time, labels[numbers, 1])
            optimiser.zero_grad(), loss.backward(), optimiser.step()
    return {k: v.detach() for k, v in w.items()}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--out", default="../scores/tiny-world-scenes.safetensors")
    o = options.parse_args()
    torch.manual_seed(1)
    data = Pictures()
    save_file(train_classifier(data), o.out, metadata={"scenes": ",".join(SCENES), "times": ",".join(TIMES)})
    held, grids = data.pictures[-HELD_OUT:], data.grids[-HELD_OUT:]
    right = np.mean([[s == p["scene"], t == p["time"]] for (s, t), p in zip(SceneReader(o.out).read(grids), held)], 0)
    print("right on held-out pictures: scene, time", right.round(3))
    reader, alone = Reader(), [(g, p["chars"][0]) for g, p in zip(grids, held) if len(p["chars"]) == 1]
    reads = [(reader.read(g), c) for g, c in alone]
    print("reader:", {f: round(float(np.mean([r[f] == c[f] for r, c in reads])), 3) for f in ("species", *FACTORS)})


if __name__ == "__main__":
    main()
