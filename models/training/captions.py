"""Captions as training samples, and the contexts that the text encoder makes of them.

Four kinds: empty; plain ("a photo of a cat in a forest"); with identity words before the noun ("a photo of a crowned striped blue-clad red cat in
a forest"); and noun offsets: the plain caption, but the text embedding at the noun is moved by the layer-normalised difference that the identity
words make there. That is the form of OneActor's delta, so the UNet learns to read identity from the noun's position alone.
"""
from dataclasses import dataclass, field
import torch
import torch.nn.functional as F
import world
from tokens import encode


@dataclass
class Mix:
    """shares of the kinds of caption; the rest are noun offsets"""
    empty: float = 0.10
    plain: float = 0.12
    words: float = 0.20
    full: float = 0.85  # of captions with identity words: those that name every factor


@dataclass
class Noun:
    position: int
    character: dict
    words: str = ""  # the identity words that its embedding shall state


@dataclass
class Caption:
    ids: list
    nouns: list = field(default_factory=list)
    source: list = None                          # noun offsets: ids of the caption with the identity words
    moves: list = field(default_factory=list)    # and the pairs (position in source, position in ids)
    tail: str = ""                               # what it says of scene and time


def make_caption(r, picture, mix=Mix()):
    """r: random.Random; picture: of world.sample_picture"""
    kind, characters = r.random(), picture["chars"]
    if kind < mix.empty:
        return Caption(encode("")[0])
    species = [c["species"] for c in characters]
    prefix, poses, tail = world.caption_parts(r, picture)

    def write(words):
        ids, positions = encode(world.write_caption(prefix, characters, words, poses, tail), species)
        return ids, [positions[s][0] for s in species]

    plain, at = write([""] * len(characters))
    if kind < mix.empty + mix.plain:
        return Caption(plain, [Noun(p, c) for p, c in zip(at, characters)], tail=tail)
    full = r.random() < mix.full
    words = [world.identity_words(r, c, force=full) for c in characters]
    if len(characters) == 2 and r.random() < 0.3:
        words[r.randrange(2)] = ""
    ids, source_at = write(words)
    if kind < mix.empty + mix.plain + mix.words:
        return Caption(ids, [Noun(p, c, w) for p, c, w in zip(source_at, characters, words)], tail=tail)
    moves = [(s, p) for s, p, w in zip(source_at, at, words) if w]
    return Caption(plain, [Noun(p, c, w) for p, c, w in zip(at, characters, words)], ids, moves, tail)


def contexts(text, captions, r, tokens=None, jitter=0.0):
    """-> [B,77,D]. tokens: a function from ids to token embeddings, where those are trained. jitter: largest deviation of a random vector
    added to moved nouns, so that the UNet's reading of a delta is smooth."""
    ids = torch.tensor([c.ids for c in captions] + [c.source for c in captions if c.source])
    encoded = text(ids, tokens(ids) if tokens else None)
    source, out = len(captions), []
    for i, caption in enumerate(captions):
        context = encoded[i]
        if caption.source:
            scale = r.uniform(0.6, 1.1)
            for s, p in caption.moves:
                delta = F.layer_norm(encoded[source, s] - context[p], context.shape[-1:])
                moved = context[p] + scale * delta + torch.randn_like(delta) * r.uniform(0, jitter)
                context = torch.cat([context[:p], moved[None], context[p + 1:]])
            source += 1
        out.append(context)
    return torch.stack(out)
