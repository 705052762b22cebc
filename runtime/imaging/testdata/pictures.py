"""Writes small picture files and what Pillow 12.1 reads from them: python pictures.py

pictures.json: file -> {"bands", "frames": [{"size": [w, h], "rgba": base64 of convert("RGBA") after exif_transpose}]}.
"""

import base64
import io
import json
import os
import struct
import zlib

from PIL import Image, ImageOps, ImageSequence

W, H = 13, 11


def smooth(w=W, h=H, shift=0):
    im = Image.new("RGB", (w, h))
    im.putdata([((x * 17 + shift) % 256, (y * 21) % 256, (255 - x * 9 - y * 5) % 256) for y in range(h) for x in range(w)])
    return im


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(w, h, depth, color, raw, extra=b""):
    head = struct.pack(">IIBBBBB", w, h, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def exif(orientation):
    e = Image.Exif()
    e[0x0112] = orientation
    return e


files = {}


def save(name, im, **options):
    b = io.BytesIO()
    im.save(b, **options)
    files[name] = b.getvalue()


rgb = smooth()
rgba = rgb.copy()
rgba.putalpha(Image.linear_gradient("L").resize((W, H)))
save("444.jpg", rgb, format="JPEG", quality=95, subsampling=0)
save("422.jpg", rgb, format="JPEG", quality=95, subsampling=1)
save("420.jpg", rgb, format="JPEG", quality=95, subsampling=2)
save("gray.jpg", rgb.convert("L"), format="JPEG", quality=95)
save("cmyk.jpg", rgb.convert("CMYK"), format="JPEG", quality=95, subsampling=0)
save("progressive.jpg", rgb, format="JPEG", quality=90, progressive=True)
for o in range(1, 9):
    save(f"orientation{o}.jpg", rgb, format="JPEG", quality=95, subsampling=0, exif=exif(o))
save("orientation6.png", rgb, format="PNG", exif=exif(6))
save("orientation8.webp", rgb, format="WEBP", lossless=True, exif=exif(8))
save("rgb.png", rgb, format="PNG")
save("rgba.png", rgba, format="PNG")
save("la.png", rgba.convert("LA"), format="PNG")
save("palette.png", rgb.quantize(16), format="PNG")
save("bits.png", rgb.convert("1"), format="PNG")
save("rgb.bmp", rgb, format="BMP")
save("rgb.tif", rgb, format="TIFF", compression="tiff_lzw")
save("lossless.webp", rgba, format="WEBP", lossless=True, exact=True)
save("lossy.webp", rgb, format="WEBP", quality=95)
save("rgb.gif", rgb.quantize(64), format="GIF")
frames = [smooth(8, 6, s).quantize(16) for s in (0, 60, 120)]
save("animated.gif", frames[0], format="GIF", save_all=True, append_images=frames[1:], duration=50, disposal=2)
moving = []
for k in range(4):
    im = smooth(12, 9).convert("RGBA")
    im.paste((255, 40 * k, 0, 255), (k, k, k + 4, k + 3))
    moving.append(im)
for disposal in (0, 1, 2):
    for blend in (0, 1):
        save(f"animated{disposal}{blend}.png", moving[0], format="PNG", save_all=True, append_images=moving[1:], duration=50,
             disposal=disposal, blend=blend)
save("animatedrgb.png", moving[0].convert("RGB"), format="PNG", save_all=True, append_images=[m.convert("RGB") for m in moving[1:]])
save("animateddefault.png", moving[0], format="PNG", save_all=True, default_image=True, append_images=moving[1:], duration=50)
save("animated.webp", moving[0], format="WEBP", save_all=True, append_images=moving[1:], duration=50, lossless=True, exact=True)
save("animatedrgb.webp", moving[0].convert("RGB"), format="WEBP", save_all=True, append_images=[m.convert("RGB") for m in moving[1:]],
     duration=50, lossless=True)
glass = []
for k in range(3):
    im = rgba.resize((16, 10))
    im.paste((255, 255, 0, 90), (2 * k, k, 2 * k + 6, k + 4))
    glass.append(im)
save("animatedlossy.webp", glass[0], format="WEBP", save_all=True, append_images=glass[1:], duration=50, quality=95)
v16 = b"".join(struct.pack(">H", v) for v in [0, 1, 255, 256, 32768, 65280, 65535, 12345])
files["la16.png"] = png(4, 1, 16, 4, b"\0" + v16)
files["rgba16.png"] = png(2, 1, 16, 6, b"\0" + v16)
files["rgb16.png"] = png(2, 1, 16, 2, b"\0" + v16[:12])
files["graykey.png"] = png(3, 1, 8, 0, b"\0\1\2\3", chunk(b"tRNS", b"\0\2"))
files["rgbkey.png"] = png(2, 1, 8, 2, b"\0\1\2\3\4\5\6", chunk(b"tRNS", b"\0\1\0\2\0\3"))
files["palettekey.png"] = png(2, 1, 8, 3, b"\0\0\1", chunk(b"PLTE", b"\1\2\3\4\5\6") + chunk(b"tRNS", b"\x80"))

os.makedirs("pictures", exist_ok=True)
out = {}
for name, data in sorted(files.items()):
    with open("pictures/" + name, "wb") as f:
        f.write(data)
    im = Image.open(io.BytesIO(data))
    seen = []
    for frame in ImageSequence.Iterator(im):
        frame = ImageOps.exif_transpose(frame)
        px = frame.convert("RGBA")
        seen.append({"size": px.size, "rgba": base64.b64encode(px.tobytes()).decode()})
    alpha = "channel" if "A" in im.getbands() or im.mode == "P" and "transparency" in im.info else "key" if "transparency" in im.info else "none"
    out[name] = {"alpha": alpha, "frames": seen}
# Pillow clips 16-bit grey at 255 unless it is scaled first, as ComfyUI does with mode I.
files["gray16.png"] = png(8, 1, 16, 0, b"\0" + v16)
with open("pictures/gray16.png", "wb") as f:
    f.write(files["gray16.png"])
im = Image.open(io.BytesIO(files["gray16.png"])).convert("I").point(lambda v: v * (1 / 255)).convert("RGBA")
out["gray16.png"] = {"alpha": "none", "frames": [{"size": im.size, "rgba": base64.b64encode(im.tobytes()).decode()}]}
with open("pictures.json", "w") as f:
    f.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(out.items())) + "\n}\n")
