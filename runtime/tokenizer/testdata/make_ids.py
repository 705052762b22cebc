"""Writes ids.json: texts and their ids by transformers' CLIPTokenizer. Needs transformers 4.57.1 without ftfy, and a folder
with CLIP's tokenizer files (vocab.json, merges.txt, tokenizer_config.json).

    python make_ids.py FOLDER > ids.json
"""
import json
import random
import sys
import unicodedata

from transformers import CLIPTokenizer

tokenizer = CLIPTokenizer.from_pretrained(sys.argv[1])
random.seed(0)

PIECES = ["a ", "cat", "'s", "'LL", "'\u017f", "<|endoftext|>", "<|ENDOFTEXT|>", "<|", "Σ", "ΑΣ", "ΟΔΟΣ.", "İ", "ǅ", "ẞ", "\u0301",
          "\u0345", "e\u0301", "\u1100\u1161\u11a8", "\ufb01", "1", "½", "Ⅷ", "...", "!!", "\u2028", "\x85", "\x1c", "\xa0", "\u200b",
          "\u3000", "\u0f43", "日本", "A\u030a", "-", ", ", "\n"]
BLOCKS = [(0x20, 0x7f), (0xa0, 0x250), (0x300, 0x600), (0x600, 0xe00), (0xe00, 0x1100), (0x1e00, 0x2000), (0x2000, 0x2c00),
          (0x3000, 0x3500), (0xac00, 0xad00), (0xf900, 0xfb00), (0xfe00, 0x10000), (0x1d400, 0x1d800), (0x1f300, 0x1f700), (0x2f800, 0x2fa20)]


def piece():
    if random.random() < 0.6:
        return random.choice(PIECES)
    return chr(random.randrange(*random.choice(BLOCKS)))


texts = ["", " ", "<|endoftext|>!<|startoftext|>", "!<|endoftext|>", "!<|ENDOFTEXT|>", "A" + "\u0301" * 40 + "b", "x" * 200]
for _ in range(300):
    text = "".join(piece() for _ in range(random.randint(1, 12)))
    # Unassigned code points differ between versions of Unicode.
    texts.append("".join(c for c in text if unicodedata.category(c) != "Cn"))
rows = [json.dumps([t, tokenizer(t)["input_ids"][1:-1]]) for t in texts]
print("[\n" + ",\n".join(rows) + "\n]")
