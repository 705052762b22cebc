"""The training set: pictures of the world by number, as grids in memory and as UNet latents when asked for."""
import numpy as np
import torch
import world
from vae import whitening

HELD_OUT = 500  # the last pictures, for tests
POSTERIOR = 0.02


class Pictures:
    def __init__(self, count=40000):
        self.pictures = [world.sample_picture(i) for i in range(count)]
        self.grids = np.stack([np.clip(np.round(world.render(p)[0]), 0, 255).astype(np.uint8) for p in self.pictures])
        self.mean, self.matrix = whitening(self.grids[:8000])
        trained = range(count - HELD_OUT)
        self.singles = [i for i in trained if len(self.pictures[i]["chars"]) == 1]
        self.pairs = [i for i in trained if len(self.pictures[i]["chars"]) == 2]

    def choose(self, r, n, two):
        """n numbers of pictures; two: the share with two characters"""
        return [r.choice(self.pairs if r.random() < two else self.singles) for _ in range(n)]

    def latents(self, grids):
        """grids [B,16,16,3] in 0..255 -> a sample of the VAE's posterior [B,4,16,16]"""
        colours = torch.as_tensor(grids).float().div(127.5).sub(1) - self.mean
        z = torch.einsum("oc,nyxc->noyx", self.matrix, colours)
        return z + POSTERIOR * torch.randn_like(z)
