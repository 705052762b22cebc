"""Contact sheets: rows of pictures with a label at the left."""
import numpy as np
from PIL import Image, ImageDraw

SIDE, GAP, LABEL = 128, 4, 150


def sheet(rows, path):
    """rows: [(label, uint8 pictures [128,128,3])]"""
    width, height = LABEL + max(len(p) for _, p in rows) * (SIDE + GAP) + GAP, len(rows) * (SIDE + GAP) + GAP
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for i, (label, pictures) in enumerate(rows):
        y = GAP + i * (SIDE + GAP)
        draw.multiline_text((6, y + 8), label, fill="black")
        for j, picture in enumerate(pictures):
            image.paste(Image.fromarray(np.asarray(picture)), (LABEL + GAP + j * (SIDE + GAP), y))
    image.save(path)
