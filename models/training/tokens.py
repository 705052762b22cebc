"""CLIP's byte-pair encoding for captions, from the merge table that the Go program embeds (runtime/tokenizer/merges.bin)."""
import re
from functools import lru_cache
from pathlib import Path
import numpy as np

BOS, EOS, LENGTH = 49406, 49407, 77
FIRST_MERGE = 512  # ids 0..255 are bytes, 256..511 bytes that end a word
MERGES_FILE = Path(__file__).parents[2] / "runtime/tokenizer/merges.bin"
PIECES = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[a-z]+|[0-9]|[^\sa-z0-9]+")


@lru_cache
def merges():
    """{(left id, right id): rank}"""
    count = BOS - FIRST_MERGE
    pairs = np.fromfile(MERGES_FILE, "<u2")[:2 * count].reshape(-1, 2)
    return {(int(left), int(right)): rank for rank, (left, right) in enumerate(pairs)}


def encode_piece(piece):
    """printable ASCII without spaces -> ids; pairs of the lowest rank are joined first"""
    ids = [ord(letter) - ord("!") for letter in piece]
    ids[-1] += 256
    ranks = merges()
    while len(ids) > 1:
        pair = min(zip(ids, ids[1:]), key=lambda p: ranks.get(p, BOS))
        if pair not in ranks:
            break
        joined, i = [], 0
        while i < len(ids):
            if tuple(ids[i:i + 2]) == pair:
                joined.append(FIRST_MERGE + ranks[pair])
                i += 2
            else:
                joined.append(ids[i])
                i += 1
        ids = joined
    return ids


@lru_cache(maxsize=None)
def word_ids(word):
    return [i for piece in PIECES.findall(word.lower()) for i in encode_piece(piece)]


def encode(text, words=()):
    """-> (77 ids, {word: positions of its tokens}); the end token pads, as in SD 1.x"""
    ids, positions = [BOS], {}
    for word in text.split():
        new = word_ids(word)
        if word in words:
            positions.setdefault(word, []).extend(range(len(ids), len(ids) + len(new)))
        ids += new
    ids = ids[:LENGTH - 1]
    return ids + [EOS] * (LENGTH - len(ids)), positions
