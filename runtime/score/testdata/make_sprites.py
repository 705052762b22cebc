"""Writes sprites.txt from the sprites.json of the tiny world (export_sprites.py): each sprite as a drawing, a character per cell.
Usage: make_sprites.py sprites.json > ../sprites.txt"""
import json, sys

data = json.load(open(sys.argv[1]))
names = {(15, 15, 30): "#", (250, 250, 250): "w", (255, 205, 0): "g", (255, 195, 140): "s", (255, 90, 130): "p", (60, 255, 240): "y",
         (110, 50, 10): "n", (235, 20, 40): "r"}
print("; Sprites of the tiny world, drawn a character per cell; made by testdata/make_sprites.py.")
print("; b body, c clothes, . nothing; the others are inks. A sprite begins with species, hat, mark and pose; its corner is (0,0).")
for name, rgb in data["palette"].items():
    print("color", name, *rgb)
for rgb, ink in names.items():
    print("ink", ink, *rgb)
for s in data["sprites"]:
    print("sprite", s["species"], s["hat"], s["mark"], s["pose"])
    rows = [["."] * 11 for _ in range(14)]
    for y, x, kind in s["cells"]:
        rows[y][x] = kind[0] if isinstance(kind, str) else names[tuple(kind)]
    for r in rows:
        print("".join(r).rstrip(".") or ".")
