"""UNets of SD 1.5 and SDXL and the VAE's decoder in plain PyTorch on CUDA, the yardstick of `oneactor bench gpu`.

float16 and channels last (the decoder in float32 with TF32), F.scaled_dot_product_attention, cuDNN's own search; with "compile" torch.compile.
Modules have the names of the checkpoint. Prints one JSON object: seconds (median of a run), mib (highest memory of the allocator), differs
(of the given result from PyTorch's in float32) and own (of PyTorch's own float16 from that).

    python peers_gpu.py NET WEIGHTS FOLDER SHAPES eager|compile ROUNDS
"""

import json
import math
import os
import statistics
import sys
import time

import numpy
import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch import nn

CHANNELS, TIME = 320, 1280


def norm(c, eps):
    return nn.GroupNorm(32, c, eps)


def conv(i, o, size=3, stride=1):
    return nn.Conv2d(i, o, size, stride, size // 2)


class Residual(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.in_layers = nn.Sequential(norm(i, 1e-5), nn.SiLU(), conv(i, o))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(TIME, o))
        self.out_layers = nn.Sequential(norm(o, 1e-5), nn.SiLU(), nn.Identity(), conv(o, o))
        self.skip_connection = conv(i, o, 1) if i != o else nn.Identity()

    def forward(self, x, emb, _):
        h = self.in_layers(x) + self.emb_layers(emb)[:, :, None, None]
        return self.skip_connection(x) + self.out_layers(h)


class Attention(nn.Module):
    def __init__(self, width, context, heads):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(context, width, bias=False)
        self.to_v = nn.Linear(context, width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(width, width))

    def forward(self, x, context):
        q, k, v = self.to_q(x), self.to_k(context), self.to_v(context)
        q, k, v = (t.unflatten(2, (self.heads, -1)).transpose(1, 2) for t in (q, k, v))
        return self.to_out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class GEGLU(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.proj = nn.Linear(width, 8 * width)

    def forward(self, x):
        h, gate = self.proj(x).chunk(2, dim=-1)
        return h * F.gelu(gate)


class Block(nn.Module):
    def __init__(self, width, context, heads):
        super().__init__()
        self.attn1, self.attn2 = Attention(width, width, heads), Attention(width, context, heads)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.ff = nn.Module()
        self.ff.net = nn.Sequential(GEGLU(width), nn.Identity(), nn.Linear(4 * width, width))

    def forward(self, x, context):
        n = self.norm1(x)
        x = x + self.attn1(n, n)
        x = x + self.attn2(self.norm2(x), context)
        return x + self.ff.net(self.norm3(x))


class Transformer(nn.Module):
    def __init__(self, c, depth, context, heads, linear):
        super().__init__()
        self.linear = linear
        self.norm = norm(c, 1e-6)
        self.proj_in = nn.Linear(c, c) if linear else conv(c, c, 1)
        self.proj_out = nn.Linear(c, c) if linear else conv(c, c, 1)
        self.transformer_blocks = nn.ModuleList([Block(c, context, heads) for _ in range(depth)])

    def forward(self, x, _, context):
        h = self.norm(x)
        if not self.linear:
            h = self.proj_in(h)
        tokens = h.permute(0, 2, 3, 1).flatten(1, 2)
        if self.linear:
            tokens = self.proj_in(tokens)
        for block in self.transformer_blocks:
            tokens = block(tokens, context)
        if self.linear:
            tokens = self.proj_out(tokens)
        h = tokens.unflatten(1, x.shape[2:]).permute(0, 3, 1, 2)
        return x + (h if self.linear else self.proj_out(h))


class Down(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.op = conv(c, c, 3, 2)

    def forward(self, x, *_):
        return self.op(x)


class Up(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = conv(c, c)

    def forward(self, x, *_):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class First(nn.Conv2d):
    def forward(self, x, *_):
        return super().forward(x)


class UNet(nn.Module):
    def __init__(self, multiples, depths, context, vector, linear, heads):
        super().__init__()

        def transformer(c, depth):
            return [Transformer(c, depth, context, heads(c), linear)] if depth else []

        self.time_embed = nn.Sequential(nn.Linear(CHANNELS, TIME), nn.SiLU(), nn.Linear(TIME, TIME))
        if vector:
            self.label_emb = nn.Sequential(nn.Sequential(nn.Linear(vector, TIME), nn.SiLU(), nn.Linear(TIME, TIME)))
        blocks, skips, c = [nn.ModuleList([First(4, CHANNELS, 3, padding=1)])], [CHANNELS], CHANNELS
        last = len(multiples) - 1
        for level, m in enumerate(multiples):
            for _ in range(2):
                blocks.append(nn.ModuleList([Residual(c, CHANNELS * m)] + transformer(CHANNELS * m, depths[level])))
                c = CHANNELS * m
                skips.append(c)
            if level < last:
                blocks.append(nn.ModuleList([Down(c)]))
                skips.append(c)
        self.input_blocks = nn.ModuleList(blocks)
        self.middle_block = nn.ModuleList([Residual(c, c), *transformer(c, depths[-1] or 1), Residual(c, c)])
        blocks = []
        for level, m in reversed(list(enumerate(multiples))):
            for i in range(3):
                layers = [Residual(c + skips.pop(), CHANNELS * m)]
                c = CHANNELS * m
                layers += transformer(c, depths[level])
                if i == 2 and level > 0:
                    layers.append(Up(c))
                blocks.append(nn.ModuleList(layers))
        self.output_blocks = nn.ModuleList(blocks)
        self.out = nn.Sequential(norm(c, 1e-5), nn.SiLU(), conv(c, 4))

    def embed(self, x, timesteps, y):
        half = CHANNELS // 2
        rates = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32, device=x.device) / half)
        angles = timesteps.float()[:, None] * rates
        emb = self.time_embed(torch.cat([angles.cos(), angles.sin()], dim=1).to(x.dtype))
        if y is not None:
            emb = emb + self.label_emb(y)
        return emb

    def encode(self, x, emb, context, hint=None):
        skips = []
        for block in self.input_blocks:
            for layer in block:
                x = layer(x, emb, context)
            if hint is not None:
                x, hint = x + hint, None
            skips.append(x)
        for layer in self.middle_block:
            x = layer(x, emb, context)
        return x, skips

    def forward(self, x, timesteps, context, y=None, control=None):
        emb = self.embed(x, timesteps, y)
        x, skips = self.encode(x, emb, context)
        if control is not None:
            x = x + control[-1]
            skips = [skip + more for skip, more in zip(skips, control)]
        for block in self.output_blocks:
            x = torch.cat([x, skips.pop()], dim=1)
            for layer in block:
                x = layer(x, emb, context)
        return self.out(x)


class ControlNet(UNet):
    """The encoder of a UNet and convolutions of its results. hint is what the layers that see the picture made of it."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        del self.output_blocks, self.out
        widths = [320, 320, 320, 320, 640, 640, 640, 1280, 1280, 1280, 1280, 1280]
        self.zero_convs = nn.ModuleList([nn.Sequential(conv(c, c, 1)) for c in widths])
        self.middle_block_out = nn.Sequential(conv(1280, 1280, 1))

    def forward(self, x, timesteps, context, hint):
        x, skips = self.encode(x, self.embed(x, timesteps, None), context, hint)
        return [zero(skip) for zero, skip in zip(self.zero_convs, skips)] + [self.middle_block_out(x)]


class VAEResidual(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.norm1, self.conv1, self.norm2, self.conv2 = norm(i, 1e-6), conv(i, o), norm(o, 1e-6), conv(o, o)
        if i != o:
            self.nin_shortcut = conv(i, o, 1)

    def forward(self, x):
        h = self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))
        return (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x) + h


class VAEAttention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm = norm(c, 1e-6)
        self.q, self.k, self.v, self.proj_out = (conv(c, c, 1) for _ in range(4))

    def forward(self, x):
        h = self.norm(x)
        q, k, v = (f(h).flatten(2).transpose(1, 2).unsqueeze(1).contiguous() for f in (self.q, self.k, self.v))
        o = F.scaled_dot_product_attention(q, k, v).squeeze(1).transpose(1, 2).reshape(x.shape)
        return x + self.proj_out(o)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        c, multiples = 512, (1, 2, 4, 4)
        self.conv_in = conv(4, c)
        self.mid = nn.Module()
        self.mid.block_1, self.mid.attn_1, self.mid.block_2 = VAEResidual(c, c), VAEAttention(c), VAEResidual(c, c)
        up = []
        for level, m in reversed(list(enumerate(multiples))):
            stage = nn.Module()
            stage.block = nn.ModuleList()
            for _ in range(3):
                stage.block.append(VAEResidual(c, 128 * m))
                c = 128 * m
            if level > 0:
                stage.upsample = Up(c)
            up.insert(0, stage)
        self.up = nn.ModuleList(up)
        self.norm_out, self.conv_out = norm(c, 1e-6), conv(c, 3)

    def forward(self, z):
        h = self.mid.block_2(self.mid.attn_1(self.mid.block_1(self.conv_in(z))))
        for stage in reversed(self.up):
            for block in stage.block:
                h = block(h)
            if hasattr(stage, "upsample"):
                h = stage.upsample(h)
        return self.conv_out(F.silu(self.norm_out(h)))


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.post_quant_conv, self.decoder = conv(4, 4, 1), Decoder()

    def forward(self, z):
        return self.decoder(self.post_quant_conv(z))


SD15 = ((1, 2, 4, 4), (1, 1, 1, 0), 768, 0, False, lambda c: 8)
NETS = {
    "unet-sd15": ("model.diffusion_model.", lambda: UNet(*SD15)),
    "control-sd15": ("control_model.", lambda: ControlNet(*SD15)),
    "unet-sdxl": ("model.diffusion_model.", lambda: UNet((1, 2, 4), (0, 2, 10), 2048, 2816, True, lambda c: c // 64)),
    "vae": ("first_stage_model.", VAE),
}


def load(name, path):
    prefix, make = NETS[name]
    with torch.device("meta"):
        net = make()
    state, names = {}, set(net.state_dict())
    with safe_open(path, "pt", device="cuda") as file:
        for key in file.keys():
            if key.startswith(prefix) and key[len(prefix):] in names:
                state[key[len(prefix):]] = file.get_tensor(key)
    net.load_state_dict(state, assign=True)
    return net.eval().requires_grad_(False)


def main():
    name, path, folder, shapes, mode, rounds = sys.argv[1:]
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    inputs = {}
    for key, shape in json.loads(shapes).items():
        values = numpy.fromfile(os.path.join(folder, key), dtype="<f4").reshape(shape)
        inputs[key] = torch.from_numpy(values).cuda()
    if name == "tune":
        return print(json.dumps(tune(path, inputs, int(rounds))))
    names = path.split(",")
    kind = torch.float32 if name == "vae" else torch.float16
    control = None
    if name == "control-sd15":
        control = load(name, names.pop()).to(kind).to(memory_format=torch.channels_last)
        name = "unet-sd15"
    net = load(name, names[0]).to(kind).to(memory_format=torch.channels_last)

    def cast(value, to):
        value = value.to(to)
        return value.contiguous(memory_format=torch.channels_last) if value.dim() == 4 else value

    half = {k: v if k == "timesteps" else cast(v, kind) for k, v in inputs.items()}
    compiled = (lambda module: torch.compile(module)) if mode == "compile" else (lambda module: module)
    run = compiled(net)
    call = lambda: run(**half)
    if control is not None:
        hint = half.pop("hint")
        call = lambda: run(**half, control=[0.8 * c for c in control(**half, hint=hint)])
    if len(names) > 1:
        decode = compiled(load("vae", names[1]).float().to(memory_format=torch.channels_last))
        call = lambda: picture(run, decode, half)
    with torch.inference_mode():
        for _ in range(3 if len(names) == 1 else 1):
            result = call()
        torch.cuda.synchronize()
        times = []
        for _ in range(int(rounds)):
            start = time.perf_counter()
            call()
            torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
        free, total = torch.cuda.mem_get_info()
        reply = {"seconds": statistics.median(times), "mib": (total - free) >> 20, "differs": 0, "own": 0}
        ours = os.path.join(folder, "ours")
        if mode == "eager" and os.path.exists(ours):
            torch.backends.cuda.matmul.allow_tf32 = False
            torch.backends.cudnn.allow_tf32 = False
            want = net.float()(**{k: cast(v, torch.float32) for k, v in inputs.items()}).flatten()
            ours = torch.from_numpy(numpy.fromfile(ours, dtype="<f4")).cuda()
            reply["differs"] = ((ours - want).norm() / want.norm()).item()
            reply["own"] = ((result.float().flatten() - want).norm() / want.norm()).item()
    print(json.dumps(reply))


class ProjectorBlock(nn.Module):
    def __init__(self, i, o, stride=1):
        super().__init__()
        self.conv1, self.bn1, self.conv2, self.bn2 = conv(i, o, 3, stride), nn.BatchNorm2d(o), conv(o, o), nn.BatchNorm2d(o)
        if stride > 1:
            self.conv3 = conv(i, o, 1, stride)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (self.conv3(x) if hasattr(self, "conv3") else x))


def projector(cells):
    c, cells = 4 * CHANNELS, math.ceil(math.ceil(cells / 2) / 2)
    return nn.Sequential(
        nn.Sequential(conv(c, c // 2, 7, 2), nn.BatchNorm2d(c // 2), nn.ReLU()),
        nn.Sequential(ProjectorBlock(c // 2, c // 2), ProjectorBlock(c // 2, c // 2)),
        nn.Sequential(ProjectorBlock(c // 2, c // 4, 2), ProjectorBlock(c // 4, c // 4)),
        nn.Flatten(),
        nn.Linear(c // 4 * cells**2, 768),
        nn.LayerNorm(768),
    )


def tune(path, inputs, rounds):
    """Steps of OneActor's tuning: projector and AdamW (fused) in float32 under autocast, the frozen UNet in float16, a scaled loss."""
    unet = load("unet-sd15", path).half().to(memory_format=torch.channels_last)
    net = projector(inputs["h"].shape[2]).cuda().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4, weight_decay=1e-2, fused=True)
    scaler = torch.amp.GradScaler()
    share = torch.tensor((1, 0.5 / 3, 0.5 / 3, 0.5 / 3, 0.2), device="cuda")
    x = inputs["x"].half().contiguous(memory_format=torch.channels_last)
    h = inputs["h"].contiguous(memory_format=torch.channels_last)
    times = []
    for _ in range(rounds + 3):
        torch.cuda.synchronize()
        start = time.perf_counter()
        with torch.autocast("cuda", torch.float16):
            delta = net(h).float()
        rows = torch.cat([delta[:4], delta[1:4].mean(0, keepdim=True)])
        context = (inputs["context"] + inputs["word"] * rows[:, None]).half()
        out = unet(x, inputs["timesteps"], context).float()
        loss = (share * ((out - inputs["noise"]) ** 2).mean((1, 2, 3))).sum()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    free, total = torch.cuda.mem_get_info()
    return {"seconds": statistics.median(times[3:]), "mib": (total - free) >> 20, "differs": 0, "own": 0}


def picture(unet, decode, inputs):
    """20 guided steps of Euler's method (sigmas of Karras et al., rho 7) and the decoder, as `oneactor bench gpu` does them."""
    low, high, rho, steps, scale = 0.0292, 14.6146, 7, 20, 7.5
    sigmas = [(high ** (1 / rho) + i / (steps - 1) * (low ** (1 / rho) - high ** (1 / rho))) ** rho for i in range(steps)] + [0]
    latent = inputs["x"][: inputs["x"].shape[0] // 2].float() * sigmas[0]
    for i, sigma in enumerate(sigmas[:-1]):
        x = (latent / math.sqrt(sigma * sigma + 1)).half()
        times = torch.full((2 * x.shape[0],), 999 * (1 - i / steps), device="cuda")
        more = {k: v for k, v in inputs.items() if k not in ("x", "timesteps")}
        plain, prompted = unet(x=torch.cat([x, x]), timesteps=times, **more).float().chunk(2)
        latent = latent + (sigmas[i + 1] - sigma) * (plain + scale * (prompted - plain))
    return [decode(z[None]).cpu() for z in latent]


main()
