"""Numbers for TestHookFormulas: the guidance patches of ComfyUI 0.3.64, by their formulas, in PyTorch (float32, CPU).

Run: python guidance_hooks.py > guidance_hooks.json
"""
import json
import math

import torch


def wave(shape, a, b):
    """Values that Go makes from the same formula."""
    n = math.prod(shape)
    return torch.tensor([math.sin(a * i + b) for i in range(n)], dtype=torch.float64).float().reshape(shape)


def norm(v):
    return v.pow(2).sum(dim=(1, 2, 3), keepdim=True).sqrt()


def plain(x, c, u, scale):
    return u + (c - u) * scale


def rescale(x, c, u, sigma, scale, multiplier):
    s2 = sigma * sigma + 1
    velocity = lambda d: (x / s2 - d) * s2**0.5 / sigma
    vc, vu = velocity(c), velocity(u)
    mixed = vu + scale * (vc - vu)
    dims = (1, 2, 3)
    back = mixed * (vc.std(dim=dims, keepdim=True) / mixed.std(dim=dims, keepdim=True))
    v = multiplier * back + (1 - multiplier) * mixed
    return x / s2 - v * sigma / s2**0.5


def cfg_norm(d, c, strength):
    length = lambda t: t.norm(dim=1, keepdim=True)
    return d * (length(c) / (length(d) + 1e-8)).clamp(0, 1) * strength


def zero_star(x, d, c, u, scale):
    nc, nu = (x - c).flatten(1), (x - u).flatten(1)
    alpha = ((nc * nu).sum(1) / (nu.pow(2).sum(1) + 1e-8)).view(-1, 1, 1, 1)
    return d + u * (alpha - 1) + scale * u * (1 - alpha)


class Projected:
    def __init__(self, eta, threshold, momentum):
        self.eta, self.threshold, self.momentum = eta, threshold, momentum
        self.average, self.before = None, None

    def __call__(self, x, c, u, sigma, scale):
        if self.before is not None and sigma > self.before:
            self.average = None
        self.before = sigma
        g = c - u
        if self.momentum:
            self.average = g if self.average is None else self.momentum * self.average + g
            g = self.average
        if self.threshold > 0:
            g = g * torch.clamp(self.threshold / norm(g), max=1)
        unit = c / norm(c).clamp(min=1e-12)
        along = (g * unit).sum(dim=(1, 2, 3), keepdim=True) * unit
        changed = u + (g - along) + self.eta * along + (c - u) / scale
        return plain(x, changed, u, scale)


def tangential(x, c, u, scale):
    nu, nc = (x - u).flatten(1), (x - c).flatten(1)
    _, _, v = torch.linalg.svd(torch.stack([nu, nc], 1), full_matrices=False)
    first = v[:, 0]
    damped = (nu * first).sum(1, keepdim=True) * first
    return plain(x, c, x - damped.view_as(x), scale)


def mahiro(d, c, u, scale):
    root = lambda t: t.abs().sqrt() * t.sign()
    leap = c * scale
    similar = torch.nn.functional.cosine_similarity(root(u * scale), root((leap + d) / 2)).mean()
    w = 2 * (similar + 1)
    return (w * d + (4 - w) * leap) / 4


def frequency(x, c, u, scale, low, high, cutoff):
    f = torch.fft.fftshift(torch.fft.fftn((c - u), dim=(-2, -1)), dim=(-2, -1))
    mask = torch.full(f.shape, high)
    h, w = f.shape[-2:]
    a, b = min(cutoff, h // 2), min(cutoff, w // 2)
    mask[..., h // 2 - a : h // 2 + a, w // 2 - b : w // 2 + b] = low
    g = torch.fft.ifftn(torch.fft.ifftshift(f * mask, dim=(-2, -1)), dim=(-2, -1)).real
    return plain(x, g + u, u, scale)


def perp_neg(c, n, e, scale, negative):
    p, q = c - e, n - e
    return e + scale * (p - negative * (q - (q * p).sum() / p.norm() ** 2 * p))


out = []


def case(name, options, shape, calls, run):
    """calls are (sigma, scale, shift of the waves) in the order of a run."""
    steps = []
    for sigma, scale, shift in calls:
        x, c, u, e = wave(shape, 0.7, shift), wave(shape, 0.31, 1 + shift), wave(shape, 0.47, 2 + shift), wave(shape, 0.23, 3 + shift)
        if scale == 1:
            u = torch.zeros_like(u)  # as where the negative side is not evaluated
        y = run(x, c, u, e, sigma, scale)
        steps.append({"sigma": sigma, "scale": scale, "shift": shift, "want": [float("%.8g" % v) for v in y.flatten()]})
    out.append({"name": name, "hook": name.split()[0], "options": options, "shape": shape, "calls": steps})


small, odd, even = [2, 4, 3, 4], [2, 2, 5, 7], [1, 2, 6, 8]
calls = [(9.5, 7.5, 0.1), (2.25, 3.0, 0.4), (0.3, 1.5, 0.9)]
one = [(2.25, 1, 0.4)]
for m in (0.7, 0.0, 1.0):
    case(f"rescale {m}", [m], small, calls, lambda x, c, u, e, s, k: rescale(x, c, u, s, k, m))
case("rescale at 1", [0.7], small, one, lambda x, c, u, e, s, k: rescale(x, c, u, s, k, 0.7))
case("norm", [0.9], small, calls, lambda x, c, u, e, s, k: cfg_norm(plain(x, c, u, k), c, 0.9))
case("zerostar", [], small, calls, lambda x, c, u, e, s, k: zero_star(x, plain(x, c, u, k), c, u, k))
case("zerostar at 1", [], small, one, lambda x, c, u, e, s, k: zero_star(x, plain(x, c, u, k), c, u, k))
for o in ([1.0, 5.0, 0.0], [0.3, 2.0, -0.5], [-1.0, 0.0, 0.4]):
    a = Projected(*o)
    case(f"projected {o}", o, small, calls + [(5.0, 4.0, 0.2), (1.0, 4.0, 0.3)], lambda x, c, u, e, s, k: a(x, c, u, s, k))
a1 = Projected(0.5, 2.0, 0.0)
case("projected at 1", [0.5, 2.0, 0.0], small, one, lambda x, c, u, e, s, k: a1(x, c, u, s, k))
case("tangential", [], small, calls, lambda x, c, u, e, s, k: tangential(x, c, u, k))
case("tangential at 1", [], small, one, lambda x, c, u, e, s, k: plain(x, c, u, k))
case("mahiro", [], small, calls, lambda x, c, u, e, s, k: mahiro(plain(x, c, u, k), c, u, k))
case("mahiro at 1", [], small, one, lambda x, c, u, e, s, k: mahiro(plain(x, c, u, k), c, u, k))
for shape, cut in ((odd, 2), (odd, 20), (even, 1), (even, 3), (even, 20), ([1, 1, 1, 6], 2)):
    case(f"frequency {shape} {cut}", [0.8, 1.25, cut], shape, calls[:1], lambda x, c, u, e, s, k: frequency(x, c, u, k, 0.8, 1.25, cut))
case("frequency at 1", [0.8, 1.25, 2], odd, one, lambda x, c, u, e, s, k: plain(x, c, u, k))
case("perpneg", [0.6], small, calls, lambda x, c, u, e, s, k: perp_neg(c, u, e, k, 0.6))
case("perpneg at 1", [0.6], small, one, lambda x, c, u, e, s, k: perp_neg(c, u, e, k, 0.6))


def blurred(x, attention, size, sigma):
    """x where tokens get no more attention than 1, and x under a Gaussian of nine cells elsewhere; tokens are a picture of size."""
    b, c, h, w = x.shape
    mask = torch.nn.functional.interpolate((attention > 1).float().reshape(b, 1, *size), (h, w))
    taps = torch.exp(-0.5 * (torch.arange(-4.0, 5.0) / sigma) ** 2)
    taps = taps / taps.sum()
    kernel = torch.outer(taps, taps).expand(c, 1, 9, 9)
    soft = torch.nn.functional.conv2d(torch.nn.functional.pad(x, [4] * 4, mode="reflect"), kernel, groups=c)
    return soft * mask + x * (1 - mask)


blurs = []
for shape, size, sigma in (((2, 2, 8, 12), (2, 3), 2.0), ((1, 2, 9, 5), (3, 2), 0.7), ((1, 1, 13, 6), (7, 3), 10.0), ((1, 1, 6, 6), (2, 2), 0.01)):
    attention = 1 + wave([shape[0], size[0] * size[1]], 0.9, 0.2)
    y = blurred(wave(shape, 0.7, 0.3), attention, size, sigma)
    blurs.append({"shape": shape, "size": size, "sigma": sigma, "want": [float("%.8g" % v) for v in y.flatten()]})
print(json.dumps({"torch": torch.__version__, "cases": out, "blurs": blurs}).replace('{"shape"', '\n{"shape"').replace('{"name"', '\n{"name"'))
