"""Writes the example pictures of input/: a scribble for the ControlNet and a character that no UNet drew, for actors made from a picture."""
from pathlib import Path
import numpy as np
from PIL import Image
from train_controlnet import outline
from world import COLORS, enlarge, render

INPUT = Path("../../input")


def character(species, pose, body, clothes, hat, mark):
    return {"species": species, "pose": pose, "hat": hat, "mark": mark, "body": body, "clothes": clothes,
            "rgb_body": COLORS[body], "rgb_clothes": COLORS[clothes]}


def picture(seed, scene, *characters):
    return render({"seed": seed, "scene": scene, "time": "day", "chars": list(characters)})


if __name__ == "__main__":
    _, who = picture(5, "room", character("rabbit", "waving", "white", "blue", "none", "plain"))
    Image.fromarray((outline(who, line=4) * 255).astype(np.uint8)).convert("RGB").save(INPUT / "scribble.png")
    grid, _ = picture(12, "beach", character("cat", "standing", "orange", "purple", "crown", "stripes"))
    Image.fromarray(enlarge(grid)).save(INPUT / "my-character.png")
