"""Writes unet_upscaler.json: the output of a small UNet of the SD x4 upscaler's kind, in PyTorch 2.15, float32.

Value i of tensor k is sin(0.37 i + 1.7 k) / sqrt(inputs), norms' weights 1 plus a tenth of that; see TestUNetUpscaler for the plan."""
import json
import math
import sys

import torch
import torch.nn.functional as F

names = json.load(open(sys.argv[1]))  # [[name, shape], ...] in the order of the plan
W = {}
for k, (name, shape) in enumerate(names):
    n = math.prod(shape)
    v = torch.sin(0.37 * torch.arange(n, dtype=torch.float64) + 1.7 * k)
    inputs = n // shape[0]
    if inputs > 1:
        v = v / math.sqrt(inputs)
    else:
        v = v * 0.1 + (1 if name.endswith(".weight") else 0)
    W[name] = v.float().reshape(shape)


def wave(*shape):
    n = math.prod(shape)
    return torch.sin(0.11 * torch.arange(n, dtype=torch.float64) + 0.5).float().reshape(shape)


def linear(x, p):
    return F.linear(x, W[p + ".weight"], W.get(p + ".bias"))


def conv(x, p, **o):
    w = W[p + ".weight"]
    return F.conv2d(x, w, W[p + ".bias"], padding=w.shape[-1] // 2, **o)


def norm(x, p, eps):
    return F.group_norm(x, 32, W[p + ".weight"], W[p + ".bias"], eps)


def resnet(x, emb, p):
    h = conv(F.silu(norm(x, p + ".in_layers.0", 1e-5)), p + ".in_layers.2")
    h = h + linear(F.silu(emb), p + ".emb_layers.1")[:, :, None, None]
    h = conv(F.silu(norm(h, p + ".out_layers.0", 1e-5)), p + ".out_layers.3")
    if p + ".skip_connection.weight" in W:
        x = conv(x, p + ".skip_connection")
    return x + h


def attention(x, source, p, heads=8):
    q, k, v = (linear(s, p + n) for s, n in ((x, ".to_q"), (source, ".to_k"), (source, ".to_v")))
    split = lambda t: t.reshape(t.shape[0], t.shape[1], heads, -1).transpose(1, 2)
    y = F.scaled_dot_product_attention(split(q), split(k), split(v)).transpose(1, 2)
    return linear(y.reshape(x.shape[0], x.shape[1], -1), p + ".to_out.0")


def transformer(x, context, p, prompt_only):
    b, c, h, w = x.shape
    y = norm(x, p + ".norm", 1e-6).permute(0, 2, 3, 1).reshape(b, h * w, c)
    y = linear(y, p + ".proj_in")
    t = p + ".transformer_blocks.0"
    ln = lambda v, n: F.layer_norm(v, (c,), W[t + n + ".weight"], W[t + n + ".bias"])
    n = ln(y, ".norm1")
    y = attention(n, context if prompt_only else n, t + ".attn1") + y
    y = attention(ln(y, ".norm2"), context, t + ".attn2") + y
    a, gate = linear(ln(y, ".norm3"), t + ".ff.net.0.proj").chunk(2, -1)
    y = linear(a * F.gelu(gate), t + ".ff.net.2") + y
    return linear(y, p + ".proj_out").reshape(b, h, w, c).permute(0, 3, 1, 2) + x


def unet(x, t, context, level):
    half = 16
    f = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)
    a = t[:, None] * f[None]
    emb = linear(F.silu(linear(torch.cat([a.cos(), a.sin()], -1), "time_embed.0")), "time_embed.2")
    emb = emb + F.embedding(level, W["label_emb.weight"])
    h = conv(x, "input_blocks.0.0")
    skips = [h]
    h = transformer(resnet(h, emb, "input_blocks.1.0"), context, "input_blocks.1.1", True)
    skips.append(h)
    h = F.conv2d(h, W["input_blocks.2.0.op.weight"], W["input_blocks.2.0.op.bias"], stride=2, padding=1)
    skips.append(h)
    h = transformer(resnet(h, emb, "input_blocks.3.0"), context, "input_blocks.3.1", False)
    skips.append(h)
    h = resnet(h, emb, "middle_block.0")
    h = resnet(transformer(h, context, "middle_block.1", False), emb, "middle_block.2")
    for i, only in enumerate((False, False, True, True)):
        h = resnet(torch.cat([h, skips.pop()], 1), emb, f"output_blocks.{i}.0")
        h = transformer(h, context, f"output_blocks.{i}.1", only)
        if i == 1:
            h = conv(F.interpolate(h, scale_factor=2, mode="nearest"), "output_blocks.1.2.conv")
    return conv(F.silu(norm(h, "out.0", 1e-5)), "out.2")


with torch.no_grad():
    out = unet(wave(2, 7, 4, 6), torch.tensor([500.0, 20.0]), wave(2, 3, 24), torch.tensor([3, 7]))
json.dump({"shape": list(out.shape), "out": [float(f"{v:.8g}") for v in out.flatten().tolist()]}, open("unet_upscaler.json", "w"))
