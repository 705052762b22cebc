"""Writes what Pillow 12.1 makes of small pictures with few colours: python quantize.py -> quantize.json

Pixel i of a picture "mix" is ((i * 37) mod 256, (i * i * 11) mod 256, (i * 91 + 5) mod 256), of "smooth"
(x * 255 // (w - 1), y * 255 // (h - 1), (x + y) * 3 mod 256), of "flat" (200, 100, 50).
"""

import base64
import json

from PIL import Image


def picture(kind, w, h):
    im = Image.new("RGB", (w, h))
    if kind == "mix":
        im.putdata([((i * 37) % 256, (i * i * 11) % 256, (i * 91 + 5) % 256) for i in range(w * h)])
    elif kind == "smooth":
        im.putdata([(x * 255 // (w - 1), y * 255 // (h - 1), (x + y) * 3 % 256) for y in range(h) for x in range(w)])
    else:
        im.putdata([(200, 100, 50)] * (w * h))
    return im


rows = []
for kind, w, h in [("mix", 19, 13), ("smooth", 24, 18), ("flat", 5, 4)]:
    im = picture(kind, w, h)
    for colors in [1, 2, 7, 16, 64, 256]:
        pal = im.quantize(colors=colors)
        row = {"kind": kind, "size": [w, h], "colors": colors, "palette": pal.getpalette()}
        for name, dither in [("none", Image.Dither.NONE), ("floyd-steinberg", Image.Dither.FLOYDSTEINBERG)]:
            out = im.quantize(palette=pal, dither=dither).convert("RGB")
            row[name] = base64.b64encode(out.tobytes()).decode()
        rows.append(row)
with open("quantize.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")
