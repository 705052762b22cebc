"""Trains a style LoRA in kohya's format: "handheld", a screen of four greens.

Rank 8 on every layer of the transformers, and on the convolutions of the finest output blocks and the last one: colours are made there.

Usage: train_lora.py [--steps 400] [--checkpoint FILE] -> tiny-actors-handheld.safetensors, work/sheet_lora.png
"""
import argparse
import os
import random
import time
import numpy as np
import torch
import torch.nn.functional as F
from captions import Mix, contexts, make_caption
from checkpoint import load_checkpoint, save
from data import Pictures
from measure import cells
from oneactor import OneActor
from sampler import noisy
from sheets import sheet
from train_unet import snr_weight

RANK, ALPHA, RATE = 8, 8.0, 4e-3
GREENS = np.array([(15, 40, 20), (50, 110, 50), (140, 185, 40), (225, 245, 160)], np.float32)
LUMINANCE, STEPS = np.array([0.3, 0.59, 0.11], np.float32), (60, 125, 195)
# kohya's (diffusers') name of each part of this UNet: blocks 4, 5 and 3, 4, 5 carry the transformers
PARTS = {"input_blocks.4.1": "down_blocks_1_attentions_0", "input_blocks.5.1": "down_blocks_1_attentions_1",
         "middle_block.1": "mid_block_attentions_0", **{f"output_blocks.{3 + i}.1": f"up_blocks_1_attentions_{i}" for i in range(3)}}
CONVOLUTIONS = {"in_layers.2": "conv1", "out_layers.3": "conv2", "skip_connection": "conv_shortcut"}


def stylise(grids):
    """uint8 [N,16,16,3] -> the four greens, by luminance"""
    return GREENS[np.digitize(grids.astype(np.float32) @ LUMINANCE, STEPS)]


def layers(unet):
    """{kohya name: module}"""
    found = {}
    for name, module in unet.named_modules():
        if not isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
            continue
        for part, kohya in PARTS.items():
            if name.startswith(part + "."):
                found[f"{kohya}_{name[len(part) + 1:].replace('.', '_')}"] = module
        block, _, inner = name.partition(".0.")
        if block in ("output_blocks.6", "output_blocks.7", "output_blocks.8") and inner in CONVOLUTIONS:
            found[f"up_blocks_2_resnets_{int(block[-1]) - 6}_{CONVOLUTIONS[inner]}"] = module
    found["conv_out"] = unet.out[2]
    return {"lora_unet_" + k: m for k, m in found.items()}


def attach(unet):
    """adds a trainable branch to every layer -> {name in the file: parameter}"""
    parameters = {}
    for name, module in layers(unet).items():
        convolution, weight = isinstance(module, torch.nn.Conv2d), module.weight
        down = torch.nn.Parameter(torch.randn(RANK, *weight.shape[1:]) / weight[0].numel() ** 0.5)
        up = torch.nn.Parameter(torch.zeros(weight.shape[0], RANK, *(1, 1) * convolution))
        if convolution:
            def branch(x, down=down, up=up, padding=module.padding):
                return F.conv2d(F.conv2d(x, down, padding=padding), up)
        else:
            def branch(x, down=down, up=up):
                return F.linear(F.linear(x, down), up)
        module.register_forward_hook(lambda _, inputs, out, branch=branch: out + branch(inputs[0]) * (ALPHA / RANK))
        parameters[name + ".lora_down.weight"], parameters[name + ".lora_up.weight"] = down, up
    return parameters


def train(net, lora, data, steps, batch):
    r, begin, losses, mix = random.Random(0), time.time(), [], Mix()
    optimiser = torch.optim.AdamW(lora.values(), RATE, weight_decay=0.0)
    for step in range(1, steps + 1):
        numbers = data.choose(r, batch, two=0.2)
        captions = [make_caption(r, data.pictures[i], mix) for i in numbers]
        z, t = data.latents(stylise(data.grids[numbers])), torch.randint(0, 1000, (batch,))
        noise = torch.randn_like(z)
        with torch.no_grad():
            context = contexts(net.text, captions, r)
        error = ((net.unet(noisy(z, noise, t), t, context) - noise) ** 2).mean((1, 2, 3))
        loss = (error * snr_weight(t)).mean()
        optimiser.param_groups[0]["lr"] = RATE * min(1, step / 10) * max(0.05, 1 - step / steps)
        optimiser.zero_grad(), loss.backward(), optimiser.step()
        losses.append(loss.item())
        if step % 25 == 0:
            print(f"{step} {time.time() - begin:.0f}s loss {np.mean(losses[-25:]):.4f}", flush=True)


def test(plain, styled):
    """mean distance of the cells' colours from the nearest of the four greens, in levels"""
    species = ["robot", "cat", "bear", "rabbit", "hobbit"]
    prompts = [f"a photo of a {s} {place}" for s in species for place in ("in a forest", "on a beach", "in a city at night")]
    rows = []
    for name, net in (("without", plain), ("handheld", styled)):
        pictures = OneActor(net).draw(prompts, seed=3)
        colours = np.stack([cells(p) for p in pictures]).reshape(-1, 1, 3)
        distance = np.linalg.norm(colours - GREENS, axis=2).min(1).mean()
        print(f"{name}: distance from the greens {distance:.0f}")
        rows.append((name, pictures[:10]))
    sheet(rows, "work/sheet_lora.png")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--steps", type=int, default=400)
    options.add_argument("--checkpoint", default="../checkpoints/tiny-actors.safetensors")
    options.add_argument("--out", default="../loras/tiny-actors-handheld.safetensors")
    options.add_argument("--batch", type=int, default=16)
    o = options.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 2)))
    net = load_checkpoint(o.checkpoint)
    lora = attach(net.unet)
    train(net, lora, Pictures(12000), o.steps, o.batch)
    alphas = {k.replace(".lora_down.weight", ".alpha"): torch.tensor(ALPHA) for k in lora if ".lora_down" in k}
    save(lora | alphas, o.out, ss_network_dim=str(RANK), ss_network_alpha=str(ALPHA), ss_network_module="networks.lora")
    test(load_checkpoint(o.checkpoint), net)


if __name__ == "__main__":
    main()
