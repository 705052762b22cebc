"""Writes reads.png and reads.json: pictures of the tiny world, one pixel per cell, with noise, and what measure.py reads in them.
Usage: make_reads.py DEMO_FOLDER SCENE_PT, where SCENE_PT is the classifier that `python measure.py` trains."""
import json, os, sys
import numpy as np
from PIL import Image

demo, scene_pt = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, demo)
import measure, world

out, rng = [], np.random.default_rng(0)
plain = lambda r: {k: (int(v) if isinstance(v, np.integer) else v) for k, v in r.items()}
scene = measure.SceneReader(scene_pt)
readers = {False: [measure.Reader()], True: [measure.Reader((-1,)), measure.Reader((8,))]}
items = []
for i in range(40):
    two = i >= 28
    pic = world.sample_picture(39500 + i, two)
    a = world.render(pic)[0] + rng.normal(0, (0, 10, 25, 40)[i % 4], (16, 16, 3))
    a = np.clip(np.round(a), 0, 255).astype(np.uint8)
    big = np.repeat(np.repeat(a, 8, 0), 8, 1)
    items.append(dict(two=two, reads=[plain(r.read(big)) for r in readers[two]], scene=scene.read([big])[0],
                      truth=[{k: c[k] for k in ("species", "body", "clothes", "hat", "mark")} for c in pic["chars"]], truth_scene=pic["scene"]))
    out.append(a)
one = [it["reads"][0] for it in items[:8]]
sums = dict(zip(("identity", "all_four", "rgb"), map(float, measure.agreement(one))))
sums["to_target"] = measure.to_target(one, items[8]["reads"][0])
rows = [np.concatenate(out[i:i + 10], 1) for i in range(0, 40, 10)]
Image.fromarray(np.concatenate(rows, 0)).save("reads.png", optimize=True)
json.dump({"pictures": items, "first_eight_with_target_nine": sums}, open("reads.json", "w"), separators=(",", ":"), default=float)
