"""OneActor (arXiv:2404.10267) on the tiny checkpoint, a reference for the Go program: base set -> projector -> the character in new scenes."""
import random
from dataclasses import dataclass
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sampler import noisy, sample
from tokens import encode
from vae import SCALE

TEMPLATES = ["a photo of a {}", "a portrait of a {}", "a cropped photo of the {}", "the photo of a {}", "a photo of a beautiful {}",
             "a realistic photo of a {}", "a dark photo of the {}", "a character photo of a {}", "a photo of the cool {}",
             "a close-up photo of a {}", "a face photo of the {}", "a cropped face of a {}", "a photo of the {}", "a good photo of the {}",
             "a high-quality photo of one {}", "a close-up photo of the {}", "a rendition of the {}", "a photo of the clean {}",
             "a rendition of a {}", "a photo of a nice {}", "a good photo of a {}", "an image of a {}", "a snapshot of a {}",
             "a person's photo of a {}", "an individual's photo of a {}"]
AUXILIARY, AVERAGE = 0.5, 0.2  # weights of the losses


class Residual(nn.Module):
    def __init__(self, channels, out, stride=1):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(channels, out, 3, stride, 1), nn.Conv2d(out, out, 3, 1, 1)
        self.bn1, self.bn2 = nn.BatchNorm2d(out), nn.BatchNorm2d(out)
        self.conv3 = nn.Conv2d(channels, out, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.conv3(x))


def projector(channels, side, dim):
    """h [B,channels,side,side] -> delta [B,dim]; for small h, without the third stage; always on batch statistics"""
    half, quarter = channels // 2, channels // 4
    features = quarter * ((side + 3) // 4) ** 2
    net = nn.Sequential(nn.Conv2d(channels, half, 7, 2, 3), nn.BatchNorm2d(half), nn.ReLU(), Residual(half, half), Residual(half, half),
                        Residual(half, quarter, 2), Residual(quarter, quarter), nn.Flatten(), nn.Linear(features, dim), nn.LayerNorm(dim))
    for module in net.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_uniform_(module.weight)
    return net.train()


@dataclass
class Cluster:
    word: str
    pictures: np.ndarray  # uint8 [N,128,128,3]
    h: torch.Tensor       # [N,C,H,W]


@dataclass
class Actor:
    word: str
    target: torch.Tensor   # delta [D] of the chosen picture
    average: torch.Tensor  # mean delta of the others
    picture: np.ndarray    # the chosen one


class OneActor:
    def __init__(self, net, steps=20, guidance=5.0):
        self.net, self.steps, self.guidance = net, steps, guidance
        self.empty, _ = self.embed("")

    def embed(self, prompt, words=()):
        """-> (context [77,D], {word: positions})"""
        ids, positions = encode(prompt, words)
        return self.net.text(torch.tensor([ids]))[0], positions

    @torch.no_grad()
    def generate(self, prompt, word, seed, auxiliary=10):
        """the base set: pictures of one prompt from different noise, with h of the last step's conditional half"""
        context, _ = self.embed(prompt)
        noise, last = torch.randn((auxiliary + 1, 4, 16, 16), generator=torch.Generator().manual_seed(seed)), {}
        both = torch.stack([self.empty] * len(noise) + [context] * len(noise))

        def predict(z, t, _):
            e, h = self.net.unet(z.repeat(2, 1, 1, 1), torch.full((2 * len(z),), float(t)), both, with_h=True)
            last["h"] = h[len(z):]
            free, bound = e.chunk(2)
            return free + self.guidance * (bound - free)

        latents = sample(predict, noise, self.steps)
        return Cluster(word, self.net.decode(latents), last["h"])

    def tune(self, cluster, target, steps=300, lr=1e-3, seed=0):
        """trains a projector on the target and three others a step, each or its mirror image, all with fresh noise"""
        torch.manual_seed(seed)
        r = random.Random(seed)
        phi = projector(cluster.h.shape[1], cluster.h.shape[2], len(self.empty[0]))
        optimiser = torch.optim.AdamW(phi.parameters(), lr)
        x = torch.from_numpy(cluster.pictures.copy()).permute(0, 3, 1, 2).float().div(127.5).sub(1)
        with torch.no_grad():
            moments = [[torch.cat(m) for m in zip(*(self.net.vae.moments(part) for part in y.split(4)))] for y in (x, x.flip(3))]
            texts = [self.embed(t.format(cluster.word), [cluster.word]) for t in TEMPLATES]
        others = [i for i in range(len(cluster.h)) if i != target]
        for _ in range(steps):
            chosen, latents = [target, *r.sample(others, 3)], []
            for i in chosen:
                mean, log_variance = moments[r.random() < 0.5]
                latents.append((mean[i] + torch.exp(0.5 * log_variance[i]) * torch.randn_like(mean[i])) * SCALE)
            z, t = torch.stack(latents + latents[:1]), torch.tensor([r.randrange(1000) for _ in range(5)])
            noise = torch.randn_like(z)
            noise[4] = noise[0]
            picked = [r.choice(texts) for _ in chosen]
            delta = phi(cluster.h[chosen + [r.randrange(len(cluster.h))]])
            delta = torch.cat([delta[:4], delta[1:4].mean(0, keepdim=True)])
            context = torch.stack([shift(c, positions[cluster.word], d) for (c, positions), d in zip(picked + picked[:1], delta)])
            losses = ((self.net.unet(noisy(z, noise, t), t, context) - noise) ** 2).mean((1, 2, 3))
            loss = losses[0] + AUXILIARY * losses[1:4].mean() + AVERAGE * losses[4]
            optimiser.zero_grad(), loss.backward(), optimiser.step()
        with torch.no_grad():
            delta = phi(cluster.h[others + [target]])
        return Actor(cluster.word, delta[-1], delta[:-1].mean(0), cluster.pictures[target])

    @torch.no_grad()
    def draw(self, prompts, actors=(), seed=500, v=1.0, control=None):
        """one picture a prompt; every actor moves its word in every prompt. control: a function of (z, t, context) to residuals"""
        noise = torch.randn((len(prompts), 4, 16, 16), generator=torch.Generator().manual_seed(seed))
        bound = []
        for prompt in prompts:
            context, positions = self.embed(prompt, [a.word for a in actors])
            for a in actors:
                context = shift(context, positions[a.word], v * a.target)
            bound.append(context)
        both = torch.stack([self.empty] * len(prompts) + bound)

        def predict(z, t, _):
            z, t = z.repeat(2, 1, 1, 1), torch.full((2 * len(z),), float(t))
            free, e = self.net.unet(z, t, both, control=control and control(z, t, both)).chunk(2)
            return free + self.guidance * (e - free)

        return self.net.decode(sample(predict, noise, self.steps))


def shift(context, positions, delta):
    mask = torch.zeros(len(context), 1)
    mask[positions] = 1
    return context + mask * delta
