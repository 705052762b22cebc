"""Trains a ControlNet: a white scribble or silhouette of the characters on black decides where they stand and how.

The hint is read by weights that are written down, not trained: the means of the four quarters of each 8x8-pixel cell, as pairs (x, -x) so that
SiLU(x) - SiLU(-x) = x (as in vae.py). Trained are the last hint convolution, the encoder copy and the zero convolutions; the UNet is frozen.

Usage: train_controlnet.py [--steps 800] [--checkpoint FILE] -> tiny-actors-scribble.safetensors, work/sheet_controlnet.png
"""
import argparse
import os
import random
import time
import numpy as np
import torch
import world
from captions import Mix, contexts, make_caption
from checkpoint import load_checkpoint, load_controlnet, save
from data import Pictures
from measure import Reader
from oneactor import OneActor
from optim import MuonAdam
from sampler import noisy
from sheets import sheet
from train_unet import snr_weight
from unet import ControlNet

MIX = Mix(empty=0.3, plain=0.4, words=0.15)  # many empty captions: the hint must decide
RATE = 4e-3
EARLIEST = 300  # timestep; below it the layout is long decided


def silhouette(who):
    """who [16,16] -> bool [128,128]"""
    return np.kron(who > 0, np.ones((world.CELL, world.CELL), bool))


def outline(who, line):
    """the border of the silhouette, line pixels wide"""
    shape = silhouette(who)
    inner = np.logical_and.reduce([np.roll(shape, step, axis) for axis in (0, 1) for step in (-line, line)])
    return shape & ~inner


def hint_picture(who, r):
    """-> float [128,128] in 0..1: the silhouette or an outline of 2 to 8 pixels, moved by up to 2 pixels"""
    shape = silhouette(who) if r.random() < 0.5 else outline(who, r.randrange(2, 9))
    return np.roll(shape, (r.randrange(-2, 3), r.randrange(-2, 3)), (0, 1)).astype(np.float32)


@torch.no_grad()
def write_hint_encoder(net):
    """after the seventh convolution channel 2q is the mean of quarter q of the cell over R, G and B, channel 2q + 1 its negative"""
    convolutions = list(net.input_hint_block)[:14:2]
    for conv in convolutions:
        conv.weight.zero_(), conv.bias.zero_()
    first, *middle, last = convolutions
    first.weight[0, :, 1, 1], first.weight[1, :, 1, 1] = 1 / 3, -1 / 3
    pair = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    for conv in middle:
        window = [(1, 1)] if conv.stride == (1, 1) else [(1, 1), (1, 2), (2, 1), (2, 2)]  # stride 2: rows 2i, 2i+1
        for y, x in window:
            conv.weight[:2, :2, y, x] = pair / len(window)
    for q, (y, x) in enumerate([(1, 1), (1, 2), (2, 1), (2, 2)]):
        last.weight[2 * q:2 * q + 2, :2, y, x] = pair


def start(unet):
    """the encoder copy: everything but the hint's and the zero convolutions is the UNet's"""
    net = ControlNet(**unet.shape)
    copied = {k: v for k, v in unet.state_dict().items() if k in net.state_dict()}
    net.load_state_dict(copied, strict=False)
    write_hint_encoder(net)
    return net


def three(hints):
    return torch.from_numpy(np.stack(hints))[:, None].expand(-1, 3, -1, -1)


def train(net, control, data, masks, steps, batch):
    r, begin, losses = random.Random(7), time.time(), []
    fixed = [p for layer in list(control.input_hint_block)[:14:2] for p in layer.parameters()]
    for p in fixed:
        p.requires_grad_(False)
    named = [(k, p) for k, p in control.named_parameters() if p.requires_grad]
    optimiser = MuonAdam(named, RATE, adam_only=("input_blocks.0.0", "input_hint_block"))
    for step in range(1, steps + 1):
        numbers = data.choose(r, batch, two=0.25)
        captions = [make_caption(r, data.pictures[i], MIX) for i in numbers]
        z, t = data.latents(data.grids[numbers]), torch.randint(EARLIEST, 1000, (batch,))
        noise = torch.randn_like(z)
        with torch.no_grad():
            context = contexts(net.text, captions, r)
        z = noisy(z, noise, t).contiguous(memory_format=torch.channels_last)
        residuals = control(z, t, context, three([hint_picture(masks[i], r) for i in numbers]))
        error = ((net.unet(z, t, context, control=residuals) - noise) ** 2).mean((1, 2, 3))
        loss = (error * snr_weight(t)).mean()
        optimiser.zero_grad(), loss.backward()
        torch.nn.utils.clip_grad_norm_([p for _, p in named], 1.0)
        optimiser.step(min(1, step / 20) * max(0.03, 1 - step / steps))
        losses.append(loss.item())
        if step % 25 == 0:
            print(f"{step} {time.time() - begin:.0f}s loss {np.mean(losses[-25:]):.4f}", flush=True)


def test(net, control, count=24):
    """draws held-out characters from a prompt without pose -> share with the hint's column and pose, with and without the ControlNet"""
    r, reader, drawn, wanted = random.Random(3), Reader(), [], []
    numbers = [i for i in range(10 ** 6, 10 ** 6 + 10 * count) if len(world.sample_picture(i)["chars"]) == 1][:count]
    for i in numbers:
        grid, who = world.render(world.sample_picture(i))
        wanted.append(reader.read(grid))
        drawn.append(hint_picture(who, r))
    prompts = [f"a photo of a {w['species']} in a forest" for w in wanted]
    hints, oneactor = three(drawn), OneActor(net)
    guided = oneactor.draw(prompts, seed=5, control=lambda z, t, c: control(z, t, c, hints.repeat(len(z) // count, 1, 1, 1)))
    for name, pictures in (("plain", oneactor.draw(prompts, seed=5)), ("ControlNet", guided)):
        reads = [reader.read(p) for p in pictures]
        print(name, {f: round(float(np.mean([a[f] == b[f] for a, b in zip(reads, wanted)])), 2) for f in ("x", "pose", "species", "hat")})
    shown = [np.repeat((h * 255).astype(np.uint8)[..., None], 3, 2) for h in drawn]
    sheet([("hint", shown[:10]), ("picture", guided[:10])], "work/sheet_controlnet.png")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--steps", type=int, default=800)
    options.add_argument("--checkpoint", default="../checkpoints/tiny-actors.safetensors")
    options.add_argument("--out", default="../controlnet/tiny-actors-scribble.safetensors")
    options.add_argument("--batch", type=int, default=16)
    o = options.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 2)))
    net, data = load_checkpoint(o.checkpoint), Pictures(12000)
    masks = [world.render(p)[1] for p in data.pictures]
    control = start(net.unet).to(memory_format=torch.channels_last)
    net.unet.to(memory_format=torch.channels_last)
    train(net, control, data, masks, o.steps, o.batch)
    save({"control_model." + k: v for k, v in control.state_dict().items()}, o.out, model="scribble or silhouette ControlNet of tiny-actors")
    test(net, load_controlnet(o.out))


if __name__ == "__main__":
    main()
