"""The procedural picture world: pixel-art characters (5 species) in scenes (8) on a 16x16 grid, shown at 128x128 (8-px pixels).

In the prompt:      species, scene, time of day, pose, and (in some training captions only) identity words.
Identity factors:   body colour, clothes colour, hat, chest mark - random from picture to picture unless the caption says so.
"""
import random
import numpy as np

GRID, CELL = 16, 8
SPECIES = ["robot", "cat", "bear", "rabbit", "hobbit"]
COLORS = {"red": (225, 20, 25), "orange": (255, 128, 0), "yellow": (255, 230, 20), "green": (20, 170, 40),
          "blue": (20, 60, 235), "purple": (135, 20, 200), "pink": (255, 130, 205), "white": (250, 250, 250)}
COLOR_NAMES = list(COLORS)
HATS = ["none", "cap", "crown", "tophat"]
HAT_WORDS = {"cap": "capped", "crown": "crowned", "tophat": "hatted"}
MARKS = ["plain", "spot", "stripes"]
MARK_WORDS = {"spot": "spotted", "stripes": "striped"}
SCENES = ["forest", "beach", "city", "desert", "snow", "moon", "room", "castle"]
SCENE_WORDS = {"forest": ["in a forest", "in the forest"], "beach": ["on a beach", "on the beach", "at the beach"],
               "city": ["in a city", "in the city"], "desert": ["in a desert", "in the desert"],
               "snow": ["in the snow", "in snow"], "moon": ["on the moon"], "room": ["in a room", "in the room"],
               "castle": ["near a castle", "in front of a castle", "at a castle"]}
TIMES = ["day", "night", "sunset"]
POSES = ["standing", "waving", "jumping", "balloon"]
POSE_WORDS = {"standing": ["standing"], "waving": ["waving"], "jumping": ["jumping"],
              "balloon": ["holding a balloon", "with a balloon"]}
INK, WHITE, GOLD, SKIN = (15, 15, 30), (250, 250, 250), (255, 205, 0), (255, 195, 140)
ROSE, CYAN, BROWN, RED = (255, 90, 130), (60, 255, 240), (110, 50, 10), (235, 20, 40)


class Grid:
    """Paints cells; origin (ox, oy); cells outside the picture are dropped. mark, while not 0, is written to the cells painted: whose they are."""

    def __init__(self):
        self.a = np.zeros((GRID, GRID, 3), np.float32)
        self.who = np.zeros((GRID, GRID), np.uint8)
        self.ox = self.oy = 0
        self.mark = 0

    def rect(self, y0, x0, y1, x1, c):
        """rows y0..y1 and columns x0..x1, inclusive"""
        y0, y1, x0, x1 = (int(v) for v in (y0 + self.oy, y1 + self.oy, x0 + self.ox, x1 + self.ox))
        if y1 < 0 or x1 < 0:
            return
        self.a[max(y0, 0):y1 + 1, max(x0, 0):x1 + 1] = c
        if self.mark:
            self.who[max(y0, 0):y1 + 1, max(x0, 0):x1 + 1] = self.mark

    def dot(self, c, *yx):
        for y, x in yx:
            self.rect(y, x, y, x, c)


def draw_character(g, c):
    """A sprite of 9 columns and 14 rows: hat 0-2, head 2-6, torso 7-11, legs 12-13. Column 4 is the middle."""
    sp, body, cloth = c["species"], c["rgb_body"], c["rgb_clothes"]
    hand = SKIN if sp == "hobbit" else body
    # legs, torso, arms
    g.rect(12, 3, 13, 3, hand)
    g.rect(12, 5, 13, 5, hand)
    if sp == "robot":
        g.rect(12, 2, 13, 2, hand)
        g.rect(12, 6, 13, 6, hand)
    g.rect(7, 2, 11, 6, cloth)
    g.rect(8, 1, 9, 1, cloth)
    g.dot(hand, (10, 1))
    if c["pose"] in ("waving", "balloon"):
        g.dot(cloth, (8, 7), (7, 8))
        g.dot(hand, (6, 8))
        if c["pose"] == "balloon":
            g.dot(WHITE, (5, 9), (4, 9))
            g.rect(1, 9, 3, 10, RED)
            g.dot(ROSE, (1, 9))
    else:
        g.rect(8, 7, 9, 7, cloth)
        g.dot(hand, (10, 7))
    if c["mark"] == "spot":
        g.dot(WHITE, (8, 4), (9, 3), (9, 4), (9, 5), (10, 4))
    elif c["mark"] == "stripes":
        g.rect(8, 2, 8, 6, WHITE)
        g.rect(10, 2, 10, 6, WHITE)
    # head
    if sp == "cat":
        g.rect(3, 1, 6, 7, body)
        g.dot(body, (1, 1), (2, 1), (2, 2), (1, 7), (2, 7), (2, 6), (11, 7), (11, 8), (10, 8))
        g.dot(INK, (4, 2), (4, 6))
        g.dot(ROSE, (5, 4))
    elif sp == "bear":
        g.rect(2, 1, 6, 7, body)
        g.rect(1, 0, 2, 1, body)
        g.rect(1, 7, 2, 8, body)
        g.rect(5, 3, 6, 5, SKIN)
        g.dot(INK, (4, 2), (4, 6), (5, 4))
    elif sp == "rabbit":
        g.rect(3, 1, 6, 7, body)
        g.rect(0, 1, 2, 2, body)
        g.rect(0, 6, 2, 7, body)
        g.rect(0, 2, 1, 2, ROSE)
        g.rect(0, 6, 1, 6, ROSE)
        g.dot(INK, (4, 2), (4, 6))
        g.dot(ROSE, (5, 4))
        g.dot(WHITE, (6, 4))
    elif sp == "robot":
        g.rect(2, 1, 6, 7, body)
        g.dot(GOLD, (4, 0), (4, 8), (3, 0), (3, 8))
        g.rect(4, 2, 4, 6, INK)
        g.dot(CYAN, (4, 3), (4, 5))
        g.rect(6, 3, 6, 5, INK)
    else:
        g.rect(2, 1, 5, 7, body)
        g.rect(3, 2, 6, 6, SKIN)
        g.rect(3, 2, 3, 6, body)
        g.dot(INK, (4, 3), (4, 5))
        g.dot(RED, (6, 4))
        g.dot(SKIN, (5, 1), (5, 7))
    # hat
    if c["hat"] == "cap":
        g.rect(1, 3, 1, 5, cloth)
        g.rect(2, 1, 2, 7, cloth)
        g.dot(WHITE, (1, 4))
    elif c["hat"] == "crown":
        g.rect(2, 2, 2, 6, GOLD)
        g.dot(GOLD, (1, 2), (1, 4), (1, 6))
        g.dot(RED, (2, 4))
    elif c["hat"] == "tophat":
        g.rect(0, 3, 1, 5, BROWN)
        g.rect(2, 1, 2, 7, BROWN)


def draw_scene(g, scene, time, r):
    night, sun = time == "night", time == "sunset"
    H = 10

    def tone(c):
        return tuple(v * 0.4 for v in c) if night else tuple(v * u for v, u in zip(c, (1, 0.82, 0.7))) if sun else c

    def sky(c):
        if sun:
            for y in range(H):
                k = y / (H - 1)
                g.rect(y, 0, y, 15, (180 + 75 * k, 40 + 140 * k, 120 - 90 * k))
        else:
            g.rect(0, 0, H - 1, 15, (15, 15, 80) if night else c)
        if night:
            x = r.choice((0, 1, 13, 14))
            g.rect(0, x, 1, x + 1, (255, 250, 200))

    def ground(c):
        g.rect(H, 0, 15, 15, tone(c))

    off = r.randrange(4)
    if scene == "forest":
        sky((140, 225, 255))
        ground((70, 190, 40))
        for i in range(-1, 5):
            x, h = i * 4 + off, r.randrange(6, 9)
            g.rect(H - 1, x, H, x, tone(BROWN))
            g.rect(H - h, x, H - 2, x, tone((0, 100, 30)))
            g.rect(H - h + 2, x - 1, H - 2, x + 1, tone((0, 100, 30)))
    elif scene == "beach":
        sky((110, 205, 255))
        ground((255, 225, 130))
        g.rect(H - 3, 0, H - 1, 15, tone((0, 110, 230)))
        if not night:
            x = r.choice((0, 1, 12, 13))
            g.rect(0, x, 1, x + 1, (255, 240, 0))
    elif scene == "city":
        sky((205, 230, 255))
        ground((85, 85, 95))
        for i in range(-1, 4):
            x, h = i * 5 + off, r.randrange(5, 9)
            g.rect(H - h, x, H - 1, x + 3, tone((125, 120, 140)))
            for y in range(H - h + 1, H - 1, 2):
                g.dot((255, 235, 100) if night else tone((230, 245, 255)), (y, x + 1), (y, x + 2))
        g.rect(13, 0, 13, 15, tone((240, 240, 210)))
    elif scene == "desert":
        sky((255, 240, 190))
        ground((240, 160, 50))
        x = off * 4 + 1
        g.rect(H - 1, x - 2, H - 1, x + 4, tone((220, 135, 30)))
        x = r.choice((1, 14))
        g.rect(H - 5, x, H, x, tone((20, 130, 50)))
        g.dot(tone((20, 130, 50)), (H - 3, x - 1), (H - 4, x - 1), (H - 2, x + 1), (H - 3, x + 1))
    elif scene == "snow":
        sky((150, 205, 255))
        ground((250, 250, 255))
        for x in (off, off + 7, off + 14):
            for k in range(6):
                g.rect(H - 6 + k, x - k, H - 6 + k, x + k, tone((250, 250, 255) if k < 2 else (100, 130, 190)))
    elif scene == "moon":
        g.rect(0, 0, 9, 15, (8, 8, 20))
        for _ in range(9):
            g.dot(WHITE, (r.randrange(9), r.randrange(16)))
        g.rect(H, 0, 15, 15, (165, 165, 175))
        for y, x in ((11, off), (13, off + 9), (15, off + 4)):
            g.rect(y, x, y, x + 2, (115, 115, 125))
        x = r.choice((0, 13))
        g.rect(1, x, 3, x + 2, (20, 110, 255))
        g.dot((40, 200, 60), (1, x), (2, x + 1))
    elif scene == "room":
        g.rect(0, 0, 9, 15, (255, 215, 160))
        g.rect(9, 0, 9, 15, (255, 250, 240))
        g.rect(10, 0, 15, 15, (160, 90, 30))
        g.rect(12, 0, 12, 15, (125, 65, 20))
        g.rect(14, 0, 14, 15, (125, 65, 20))
        x = r.choice((0, 11))
        g.rect(2, x, 6, x + 4, BROWN)
        g.rect(3, x + 1, 5, x + 3, (15, 15, 80) if night else (255, 140, 40) if sun else (120, 215, 255))
    else:
        sky((140, 215, 255))
        ground((120, 210, 70))
        w, d = tone((185, 175, 185)), tone((130, 120, 135))
        g.rect(5, 1, 9, 14, w)
        g.dot(w, (4, 4), (4, 6), (4, 8), (4, 10))
        for x in (0, 13):
            g.rect(4, x, 9, x + 2, d)
            g.rect(2, x, 3, x + 2, tone((220, 40, 40)))
            g.dot(tone((220, 40, 40)), (1, x + 1))


def sample_character(r, species=None):
    c = {"species": species or r.choice(SPECIES), "body": r.choice(COLOR_NAMES), "hat": r.choice(HATS), "mark": r.choice(MARKS)}
    c["clothes"] = r.choice([x for x in COLOR_NAMES if x != c["body"] and not (x == "white" and c["mark"] != "plain")])
    c["pose"] = r.choices(POSES, [0.55, 0.15, 0.15, 0.15])[0]
    for f in ("body", "clothes"):
        c["rgb_" + f] = tuple(max(0.0, min(255.0, v + r.uniform(-8, 8))) for v in COLORS[c[f]])
    return c


def sample_picture(seed, two=None):
    """All factors of one picture, from its number."""
    r = random.Random(seed * 7919 + 13)
    two = r.random() < 0.2 if two is None else two
    a = sample_character(r)
    chars = [a]
    if two:
        chars.append(sample_character(r, r.choice([s for s in SPECIES if s != a["species"]])))
        for c in chars:
            if c["pose"] == "balloon" or r.random() < 0.6:
                c["pose"] = "standing"
    return {"seed": seed, "chars": chars, "scene": r.choice(SCENES), "time": r.choices(TIMES, [0.66, 0.19, 0.15])[0]}


def render(pic):
    """-> (float32 [16,16,3] in 0..255, uint8 [16,16] character number per cell)"""
    r = random.Random(pic["seed"] * 104729 + 7)
    g = Grid()
    draw_scene(g, pic["scene"], pic["time"], r)
    for i, c in enumerate(pic["chars"]):
        x = r.choice((2, 3, 3, 4, 4, 5)) if len(pic["chars"]) == 1 else (-1, 8)[i]
        g.oy, g.ox, g.mark = 2, x, 0
        g.a[15, max(0, x + 2):x + 7] *= 0.6                       # shadow
        g.oy, g.mark = (0 if c["pose"] == "jumping" else 2), i + 1
        draw_character(g, c)
        g.mark = g.oy = g.ox = 0
    return g.a, g.who


def enlarge(a):
    return np.repeat(np.repeat(np.clip(np.round(a), 0, 255).astype(np.uint8), CELL, 0), CELL, 1)


def identity_words(r, c, p=0.75, force=False):
    """Adjectives that stand before the noun, e.g. 'crowned striped blue-clad red'."""
    w = []
    if c["hat"] != "none" and (force or r.random() < p):
        w.append(HAT_WORDS[c["hat"]])
    if c["mark"] != "plain" and (force or r.random() < p):
        w.append(MARK_WORDS[c["mark"]])
    if c["hat"] == "none" and (force or r.random() < 0.4):
        w.append("bareheaded")
    if c["mark"] == "plain" and (force or r.random() < 0.4):
        w.append("plain")
    if force or r.random() < p:
        w.append(c["clothes"] + "-clad")
    if force or r.random() < p:
        w.append(c["body"])
    return " ".join(w)


# the tuning templates of OneActor (character and object lists) and a few more
PREFIXES = ["a photo of a {}", "a portrait of a {}", "a cropped photo of the {}", "the photo of a {}", "a photo of a beautiful {}",
            "a realistic photo of a {}", "a dark photo of the {}", "a character photo of a {}", "a photo of the cool {}",
            "a close-up photo of a {}", "a face photo of the {}", "a cropped face of a {}", "a photo of the {}", "a good photo of the {}",
            "a high-quality photo of one {}", "a close-up photo of the {}", "a rendition of the {}", "a photo of the clean {}",
            "a rendition of a {}", "a photo of a nice {}", "a good photo of a {}", "an image of a {}", "a snapshot of a {}",
            "a person's photo of a {}", "an individual's photo of a {}", "a rendering of a {}", "a photo of a clean {}",
            "a photo of a dirty {}", "a photo of my {}", "a bright photo of the {}", "a cropped photo of a {}", "a photo of one {}",
            "a photo of the nice {}", "a photo of the small {}", "a photo of the weird {}", "a photo of the large {}",
            "a photo of a cool {}", "a photo of a small {}", "the {}", "a {}", "{}", "one {}", "a drawing of a {}", "a picture of a {}",
            "an illustration of a {}", "a cartoon of a {}"]


def caption_parts(r, pic):
    """-> (prefix template, [(noun, pose words)], tail): enough to write the caption with or without identity words."""
    prefix = r.choice(PREFIXES) if r.random() < 0.4 else r.choice(["a photo of a {}", "a {}"])
    tail = ""
    if r.random() < 0.72:
        tail += " " + r.choice(SCENE_WORDS[pic["scene"]])
        if pic["time"] == "night" and r.random() < 0.9:
            tail += " at night"
        elif pic["time"] == "sunset" and r.random() < 0.9:
            tail += " at sunset"
        elif r.random() < 0.1:
            tail += " at day"
    poses = [(" " + r.choice(POSE_WORDS[c["pose"]])) if (c["pose"] != "standing" and r.random() < 0.85) or r.random() < 0.08 else ""
             for c in pic["chars"]]
    return prefix, poses, tail


def write_caption(prefix, chars, idents, poses, tail):
    ph = [(i + " " + c["species"]).strip() for i, c in zip(idents, chars)]
    if len(ph) == 1:
        s = ph[0] + poses[0]
    else:
        s = ph[0] + poses[0] + " and a " + ph[1] + poses[1]
    return prefix.format(s) + tail
