"""Writes the reference values of the resize tests.

  python reference.py torch    # PyTorch 2.15 CPU float32 -> resize_torch.json
  python reference.py pillow   # Pillow 12.1 -> resize_pillow.json

The input is ramp(n): value i is ((i * 37) mod 101) / 100 in float32, for pictures ((i * 37) mod 256) in 8 bits.
Pillow 13 may resize rows first and then differs where one axis grows and the other shrinks.
"""

import json
import sys

SIZES = [(5, 7, 5, 11), (5, 7, 12, 7), (6, 8, 11, 13), (8, 6, 3, 2), (9, 10, 4, 13), (1, 1, 3, 2), (3, 2, 1, 1), (7, 5, 6, 4)]


def torch_values():
    import torch
    import torch.nn.functional as F

    rows = []
    for h, w, height, width in SIZES:
        c = 2
        x = torch.tensor([(i * 37) % 101 for i in range(c * h * w)], dtype=torch.float32).div(100).reshape(1, c, h, w)
        for mode in ["nearest-exact", "bilinear", "area", "bicubic"]:
            y = F.interpolate(x, size=(height, width), mode=mode)
            rows.append({"method": mode, "in": [1, c, h, w], "out": [1, c, height, width], "values": y.flatten().tolist()})
        y = F.interpolate(x, size=(height, width), mode="bicubic", antialias=True)
        rows.append({"method": "antialias", "in": [1, c, h, w], "out": [1, c, height, width], "values": y.flatten().tolist()})
    # Gaussian kernels on linspace(-1, 1), borders mirrored.
    x = torch.tensor([(i * 37) % 101 for i in range(2 * 7 * 9)], dtype=torch.float32).div(100).reshape(1, 2, 7, 9)
    for radius, sigma in [(1, 1.0), (3, 0.5), (6, 2.0)]:
        k = 2 * radius + 1
        line = torch.linspace(-1, 1, k)
        grid = torch.sqrt(line[:, None] ** 2 + line[None, :] ** 2)
        kernel = torch.exp(-(grid**2) / (2 * sigma**2))
        kernel = (kernel / kernel.sum()).repeat(2, 1, 1, 1)
        y = F.conv2d(F.pad(x, (radius,) * 4, "reflect"), kernel, groups=2)
        rows.append({"method": f"gaussian {radius} {sigma}", "in": [1, 2, 7, 9], "out": [1, 2, 7, 9], "values": y.flatten().tolist()})
    for size in [1, 2, 3, 6]:
        mask = (x > 0.9).float()[:, :1]
        y = torch.clamp(F.conv2d(mask, torch.ones(1, 1, size, size), padding=size // 2), 0, 1)[:, :, :7, :9]
        rows.append({"method": f"box {size}", "in": [1, 1, 7, 9], "out": [1, 1, 7, 9], "values": y.flatten().tolist()})
    for turns in range(4):
        y = torch.rot90(x, turns, [3, 2])
        rows.append({"method": f"rotate {turns}", "in": [1, 2, 7, 9], "out": list(y.shape), "values": y.flatten().tolist()})
    return rows


def pillow_values():
    from PIL import Image

    rows = []
    filters = {"lanczos": Image.Resampling.LANCZOS, "triangle": Image.Resampling.BILINEAR}
    for h, w, height, width in SIZES:
        for mode, c in [("L", 1), ("RGB", 3), ("RGBA", 4)]:
            data = bytes((i * 37) % 256 for i in range(h * w * c))
            for name, kind in filters.items():
                y = Image.frombytes(mode, (w, h), data).resize((width, height), kind)
                rows.append({"method": name, "in": [h, w, c], "out": [height, width, c], "values": list(y.tobytes())})
    return rows


if __name__ == "__main__":
    kind = sys.argv[1]
    rows = {"torch": torch_values, "pillow": pillow_values}[kind]()
    with open(f"resize_{kind}.json", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")
