"""Three nodes: a vignette, the places of a picture that are bright, and a scene drawn from lists of words."""
import os
import random
import re

from oneactor_pack import InputError, Tensor, node, progress, serve

HERE = os.path.dirname(os.path.abspath(__file__))


@node(inputs={"image": ["IMAGE"], "amount": ["FLOAT", {"default": 0.6, "min": 0.0, "max": 1.0, "step": 0.05}]}, outputs=["IMAGE"], category="darkroom", title="Vignette")
def Vignette(image, amount):
    """Darkens a picture towards its corners."""
    batch, height, width, channels = image.shape
    out = Tensor(image.shape, image.data)
    for y in range(height):
        for x in range(width):
            far = ((2 * x / max(width - 1, 1) - 1) ** 2 + (2 * y / max(height - 1, 1) - 1) ** 2) / 2
            for b in range(batch):
                at = ((b * height + y) * width + x) * channels
                for c in range(min(channels, 3)):
                    out.data[at + c] *= 1 - amount * far
        progress(y + 1, height)
    return out


@node(inputs={"image": ["IMAGE"], "threshold": ["FLOAT", {"default": 0.5, "min": 0.0, "max": 1.0, "step": 0.01}]}, outputs=[("mask", "MASK"), ("share", "FLOAT")], category="darkroom", title="Bright Mask")
def BrightMask(image, threshold):
    """Masks what is brighter than a threshold; share is how much of the picture that is."""
    batch, height, width, channels = image.shape
    values = [1.0 if sum(image.data[i : i + 3]) / 3 > threshold else 0.0 for i in range(0, len(image.data), channels)]
    return Tensor([batch, height, width], values), sum(values) / len(values)


def lists(text=None, seed=None):
    """Changes when a list is edited."""
    return max([os.path.getmtime(os.path.join(HERE, "words", f)) for f in sorted(os.listdir(os.path.join(HERE, "words")))], default=0)


@node(inputs={"text": ["STRING", {"default": "a photo of a robot in __place__", "multiline": True}], "seed": ["INT", {"default": 0, "min": 0, "max": 2**64 - 1, "control_after_generate": True}]},
      outputs=[("text", "STRING")], category="darkroom", title="Words from Lists", changes=lists)
def WordsFromLists(text, seed):
    """Puts a word of words/NAME.txt in the place of each __NAME__."""
    draw = random.Random(seed)

    def word(m):
        path = os.path.join(HERE, "words", m.group(1) + ".txt")
        if not os.path.exists(path):
            raise InputError("text", "there is no list %s; there are %s" % (m.group(1), ", ".join(sorted(f[:-4] for f in os.listdir(os.path.join(HERE, "words"))))))
        with open(path, encoding="utf-8") as f:
            return draw.choice([line.strip() for line in f if line.strip()])

    made = re.sub(r"__([A-Za-z0-9_-]+?)__", word, text)
    return {"ui": {"text": [made]}, "result": (made,)}


serve()
