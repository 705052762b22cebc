"""Pre-trains the text encoder alone, from nothing, so that linear readers find in its output what a caption says. This plays the part of CLIP's
pre-training; afterwards the encoder is frozen, as in SD 1.x.

  * the noun's embedding states its species and the identity words in front of it;
  * every embedding states whether it is the first noun, the second noun or neither, with a margin: the reader sees nouns under noise of the
    size of OneActor's delta. Without this label the encoder hardly tells first from second, and two actors in one picture fight for both sides;
  * the padding states what the whole caption says: both species, scene, time of day.

Usage: train_text.py [--steps 900] -> work/text.pt
"""
import argparse
import math
import random
import time
import torch
import torch.nn.functional as F
import world
from captions import Mix, contexts, make_caption
from data import Pictures
from text_encoder import TextEncoder
from tokens import BOS, EOS, LENGTH, word_ids

FACTORS = {"species": world.SPECIES, "body": world.COLOR_NAMES, "clothes": world.COLOR_NAMES, "hat": world.HATS, "mark": world.MARKS}
WHOLE = {"first": world.SPECIES, "second": world.SPECIES + [None], "scene": world.SCENES + [None], "time": world.TIMES}
ROLES = 3         # neither, first noun, second noun
ROLE_WEIGHTS = torch.tensor([1.0, 25.0, 50.0])  # nouns are rare
DELTA = 0.8       # deviation per channel of the noise at nouns
IGNORE = -100


def vocabulary():
    """ids of every token that captions use; the other rows of the table keep their random start"""
    words = set(world.SPECIES) | set("and a day at night sunset bareheaded".split()) | set(world.MARKS) | set(world.HAT_WORDS.values())
    words |= set(world.MARK_WORDS.values()) | set(world.COLOR_NAMES) | {c + "-clad" for c in world.COLOR_NAMES}
    phrases = [p.replace("{}", "") for p in world.PREFIXES] + [s for d in (world.SCENE_WORDS, world.POSE_WORDS) for l in d.values() for s in l]
    words |= {w for p in phrases for w in p.split()}
    return torch.tensor(sorted({i for w in words for i in word_ids(w)} | {BOS, EOS}))


def noun_labels(noun):
    """class of every factor that the words state; the noun itself states the species"""
    words, c = noun.words.split(), noun.character
    said = {"species": True, "body": c["body"] in words, "clothes": c["clothes"] + "-clad" in words,
            "hat": world.HAT_WORDS.get(c["hat"], "bareheaded") in words, "mark": world.MARK_WORDS.get(c["mark"], "plain") in words}
    return [classes.index(c[f]) if said[f] else IGNORE for f, classes in FACTORS.items()]


def whole_labels(caption):
    species = [n.character["species"] for n in caption.nouns] + [None]
    scene = next((s for s, forms in world.SCENE_WORDS.items() for f in forms if f in caption.tail), None)
    said = {"first": species[0], "second": species[1], "scene": scene, "time": next((t for t in ("night", "sunset") if t in caption.tail), "day")}
    return [classes.index(said[f]) for f, classes in WHOLE.items()]


def read(scores, labels, fields):
    """sum over fields of the cross-entropy; scores [N, all classes], labels [N, fields]"""
    parts = scores.split([len(v) for v in fields.values()], 1)
    losses = [F.cross_entropy(p, l) for p, l in zip(parts, labels.T) if (l != IGNORE).any()]
    return sum(losses)


class Readers(torch.nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.noun = torch.nn.Linear(dim, sum(map(len, FACTORS.values())))
        self.whole = torch.nn.Linear(dim, sum(map(len, WHOLE.values())))
        self.role = torch.nn.Linear(dim, ROLES)

    def loss(self, r, context, captions):
        at = [(i, n) for i, c in enumerate(captions) for n in c.nouns]
        noun = read(self.noun(torch.stack([context[i, n.position] for i, n in at])), torch.tensor([noun_labels(n) for _, n in at]), FACTORS)
        full = [(i, c) for i, c in enumerate(captions) if c.nouns]
        padding = torch.stack([context[i, r.randrange(30, LENGTH)] for i, _ in full])
        whole = read(self.whole(padding), torch.tensor([whole_labels(c) for _, c in full]), WHOLE)
        roles = torch.zeros(context.shape[:2], dtype=torch.long)
        for i, c in full:
            for k, n in enumerate(c.nouns):
                roles[i, n.position] = 1 + k
        noise = DELTA * torch.randn_like(context) * (roles > 0)[..., None]
        role = F.cross_entropy(self.role(context + noise).flatten(0, 1), roles.flatten(), ROLE_WEIGHTS)
        return noun, whole, role


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--steps", type=int, default=900)
    o = options.parse_args()
    torch.manual_seed(1)
    r, data, text = random.Random(3), Pictures(20000), TextEncoder()
    used = vocabulary()
    rows = torch.full((text.embeddings.token_embedding.num_embeddings,), -1)
    rows[used] = torch.arange(len(used))
    table = text.embeddings.token_embedding.weight.requires_grad_(False)
    tokens = torch.nn.Parameter(table[used].clone())  # only these rows are trained: the optimiser need not visit 49 000 others
    readers = Readers(table.shape[1])
    weights = [p for p in text.parameters() if p.requires_grad] + [tokens]
    groups = [{"params": weights, "lr": 2e-3, "weight_decay": 0.0}, {"params": readers.parameters(), "lr": 1e-2, "weight_decay": 0.05}]
    optimiser = torch.optim.AdamW(groups)
    rates, mix, start = [g["lr"] for g in optimiser.param_groups], Mix(0.04, 0.16, 0.30, 0.85), time.time()
    for step in range(1, o.steps + 1):
        for group, rate in zip(optimiser.param_groups, rates):
            group["lr"] = rate * min(1, step / 30) * (0.01 + 0.5 * (1 + math.cos(math.pi * step / o.steps)))
        captions = [make_caption(r, data.pictures[i], mix) for i in data.choose(r, 32, two=0.55)]
        noun, whole, role = readers.loss(r, contexts(text, captions, r, lambda ids: tokens[rows[ids]]), captions)
        optimiser.zero_grad()
        (noun + 0.3 * whole + role).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        if step % 50 == 0:
            print(f"{step} {time.time() - start:.0f}s noun {noun:.3f} whole {whole:.3f} role {role:.4f}", flush=True)
    table[used] = tokens.detach()
    torch.save(text.state_dict(), "work/text.pt")


if __name__ == "__main__":
    main()
