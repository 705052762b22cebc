"""Trains the UNet on the pictures' latents; the text encoder stays frozen.

Usage: train_unet.py STEPS [--resume | --init CHECKPOINT] -> work/unet.pt (to go on from) and work/tiny-actors.safetensors (running average)

From nothing it takes work/text.pt (train_text.py) and starts the cross-attention as noun_heads.py says. --init goes on from a finished
checkpoint with a fresh optimiser, --resume from work/unet.pt; the learning rate falls to nothing once more.
"""
import argparse
import math
import os
import random
import time
from pathlib import Path
import numpy as np
import torch
import vae
from captions import Mix, contexts, make_caption
from checkpoint import UNET, Checkpoint, load_checkpoint, save_checkpoint
from data import Pictures
from noun_heads import PlaceLoss, start_heads
from optim import MuonAdam
from sampler import ALPHAS, noisy

STATE, RESULT = Path("work/unet.pt"), Path("work/tiny-actors.safetensors")
JITTER = 0.3           # see captions.contexts
PLACE, PLACE_STEPS = 0.05, 1500  # weight of the place loss at the start; it falls to a tenth in so many steps
AVERAGE = 0.998        # of the running average, per step
MIN_SNR = 5.0          # Hang et al. 2023, arXiv:2303.09556
SAVE_SECONDS = 150


def batch(data, text, r, size, two, mix=Mix()):
    """-> (noisy latents, timesteps, context, captions, noise, numbers of the pictures)"""
    numbers = data.choose(r, size, two)
    z = data.latents(data.grids[numbers])
    t, noise = torch.randint(0, 1000, (size,)), torch.randn_like(z)
    captions = [make_caption(r, data.pictures[i], mix) for i in numbers]
    with torch.no_grad():
        context = contexts(text, captions, r, jitter=JITTER)
    return noisy(z, noise, t).contiguous(memory_format=torch.channels_last), t, context, captions, noise, numbers


def snr_weight(t):
    snr = ALPHAS[t] / (1 - ALPHAS[t])
    return snr.clamp(max=MIN_SNR) / snr


class Average:
    """the running average of the weights, which is what is saved; updated every fourth step"""

    def __init__(self, parameters):
        self.parameters = parameters
        self.mean = {k: p.detach().clone() for k, p in parameters.items()}

    @torch.no_grad()
    def update(self, step):
        if step % 4 == 0:
            keep = min(AVERAGE, (step + 1) / (step + 20)) ** 4
            torch._foreach_lerp_(list(self.mean.values()), [p.detach() for p in self.parameters.values()], 1 - keep)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("steps", type=int, help="how many more")
    options.add_argument("--init")
    options.add_argument("--resume", action="store_true")
    options.add_argument("--batch", type=int, default=32)
    options.add_argument("--lr", type=float, default=9e-4)
    options.add_argument("--two", type=float, default=0.5, help="share of pictures with two characters")
    o = options.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 2)))
    data, r, step = Pictures(), random.Random(5), 0
    if o.init:
        net = load_checkpoint(o.init)
    else:
        net = Checkpoint()
        net.first_stage_model = vae.build(data.mean, data.matrix)
        net.text.load_state_dict(torch.load("work/text.pt"))
    net.requires_grad_(False)
    unet = net.unet.to(memory_format=torch.channels_last)
    if not o.init and not o.resume:
        samples = [batch(data, net.text, r, 32, 0.5)[:4] for _ in range(40)]
        start_heads(unet, samples)
    place_loss = PlaceLoss(unet)
    parameters = dict(unet.requires_grad_(True).named_parameters())
    optimiser, average = MuonAdam(parameters.items(), o.lr, adam_only=("input_blocks.0.0", "out.2")), Average(parameters)
    if o.resume:
        state = torch.load(STATE)
        optimiser.load_state_dict(state["optimiser"])
        unet.load_state_dict(state["unet"])
        average.mean, step = state["average"], state["step"]
        r.seed(step)

    def keep():
        torch.save({"unet": unet.state_dict(), "average": average.mean, "optimiser": optimiser.state_dict(), "step": step}, STATE)
        save_checkpoint(net.state_dict() | {UNET + k: v for k, v in average.mean.items()}, RESULT)

    begin, first, saved, history = time.time(), step, time.time(), []
    for step in range(first + 1, first + o.steps + 1):
        factor = min(1, (step - first) / 20) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * (step - first) / o.steps)))
        z, t, context, _, noise, numbers = batch(data, net.text, r, o.batch, o.two)
        error = ((unet(z, t, context) - noise) ** 2).mean((1, 2, 3)) * snr_weight(t)
        place = place_loss.take()
        optimiser.zero_grad()
        (error.mean() + PLACE * max(0.1, 1 - step / PLACE_STEPS) * place).backward()
        torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimiser.step(factor)
        average.update(step)
        pair, error = np.array([len(data.pictures[i]["chars"]) == 2 for i in numbers]), error.detach().numpy()
        history.append((error.mean(), error[~pair].mean(), error[pair].mean(), place.item()))
        if step % 50 == 0:
            loss, one, two, where = np.nanmean(history[-50:], 0)
            print(f"{step} {time.time() - begin:.0f}s loss {loss:.4f} one {one:.4f} two {two:.4f} place {where:.4f}", flush=True)
        if time.time() - saved > SAVE_SECONDS:
            saved = time.time()
            keep()
    keep()


if __name__ == "__main__":
    main()
