"""Numbers for TestSigmasOfNodes and TestEulerAlternative: lists of noise levels and a sampler of ComfyUI 0.3.64 that no golden
workflow has, by their formulas, in NumPy and PyTorch.

Run: python sigmas_nodes.py gits.json > sigmas_nodes.json
where gits.json holds the published table of github.com/zju-pi/diff-sampler: {coefficient: [levels for 2 steps, for 3, ...]}.
"""
import json
import math
import sys

import numpy as np
import torch

tables = {round(100 * float(k)): v for k, v in json.load(open(sys.argv[1])).items()}
steps10 = {
    "SD1": [14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092, 0.9642583904, 0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582],
    "SDXL": [14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141, 0.5550693289, 0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582],
    "SVD": [700.00, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002],
}


def spread(levels, n):
    if len(levels) == n:
        return list(levels)
    ys = np.log(np.array(levels)[::-1])
    return np.exp(np.interp(np.linspace(0, 1, n), np.linspace(0, 1, len(levels)), ys))[::-1].tolist()


def tail(levels, steps, denoise):
    if denoise <= 0:
        return []
    kept = round(steps * denoise) if denoise < 1 else steps
    levels = levels[-(kept + 1):]
    levels[-1] = 0
    return levels


def extend(sigmas, parts, start, end, spacing):
    start = math.inf if start < 0 else start
    x = torch.linspace(0, 1, parts + 1)[1:-1]
    x = {"linear": x, "cosine": torch.sin(x * math.pi / 2), "sine": 1 - torch.cos(x * math.pi / 2)}[spacing]
    s = torch.tensor(sigmas)
    out = []
    for i in range(len(s) - 1):
        out.append(s[i].item())
        if end <= s[i] <= start:
            out += (x * (s[i + 1] - s[i]) + s[i]).tolist()
    return out + s[-1:].tolist()


def f32(values):
    return [float("%.9g" % np.float32(v)) for v in values]


cases = []
for model in steps10:
    for steps, denoise in ((10, 1), (1, 1), (2, 1), (7, 1), (23, 1), (10, 0.5), (10, 0.25), (9, 0.5), (30, 0.01), (10, 0)):
        cases.append(dict(node="AlignYourSteps", text=model, steps=steps, numbers=[denoise], want=f32(tail(spread(steps10[model], steps + 1), steps, denoise))))
for coefficient in sorted(tables):
    for steps, denoise in ((2, 1), (3, 1), (9, 1), (14, 1), (20, 1), (21, 1), (50, 1), (10, 0.35), (25, 0.5), (5, 0.1), (10, 0)):
        table = tables[coefficient]
        levels = list(table[steps - 2]) if steps <= 20 else spread(table[-1], steps + 1)
        cases.append(dict(node="GITS", text="", steps=steps, numbers=[coefficient / 100, denoise], want=f32(tail(levels, steps, denoise))))
sigmas = f32([14.6, 9.0, 4.5, 1.25, 0.4, 0.0])
for parts, start, end, spacing in ((2, -1, 12, "linear"), (3, -1, 0, "cosine"), (3, 9, 1.25, "sine"), (1, -1, 0, "linear"), (5, 4.5, 4.5, "cosine"), (2, 1, 5, "linear")):
    cases.append(dict(node="Extend", text=spacing, steps=parts, numbers=[start, end], sigmas=sigmas, want=f32(extend(sigmas, parts, start, end, spacing))))

# The alternative of SamplerEulerCFGpp on D(x,s) = x/(1+s^2) + 0.1 tanh(x) s/(1+s) ± 0.05, guidance scale 2.
x = torch.sin(torch.arange(16) * 0.7 + 0.1) * 14.6
start = x.clone()
for s, t in zip(sigmas, sigmas[1:]):
    base = x / (1 + s * s) + 0.1 * torch.tanh(x) * s / (1 + s)
    c, u = base + 0.05, base - 0.05
    d = u + (c - u) * 2
    x = x + ((x - d + u) - d) / s * (t - s)
alternative = dict(sigmas=sigmas, start=f32(start.tolist()), want=f32(x.tolist()))
print(json.dumps(dict(cases=cases, alternative=alternative)).replace('{"node"', '\n{"node"'))
