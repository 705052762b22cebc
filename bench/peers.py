"""Stable Diffusion 1.5 in plain PyTorch, the yardstick of `oneactor bench --peers`.

float32 on the CPU, F.scaled_dot_product_attention, torch's default memory layout, no compilation. Modules have the names
of the checkpoint, so --weights loads one; without it the weights are random, which takes the same time to run.

Reads one JSON command a line, answers one JSON line each:
    {"do": "load", "net": "unet"}                    also "clip", "vae"
    {"do": "run", "net": "unet", "size": 256, "batch": 2, "threads": 1}
    {"do": "compare", "net": "unet", "inputs": {...}, "shapes": {...}}   output values, for a check against oneactor
    {"do": "tune", "size": 256, "threads": 1}        one step of OneActor's tuning; needs unet, encoder and clip
    {"do": "gradient", "inputs": [x, noise, timesteps, context], "shapes": [...]}   of the tuning loss, by the context
    {"do": "report"}                                 memory of this process
    {"do": "unload", "net": "unet"}
With --cold SIZE STEPS it loads everything, makes one picture (text batch 2, STEPS guided Euler steps, decoding) and ends.
"""

import argparse
import json
import math
import mmap
import resource
import struct
import sys
import threading
import time

import torch
import torch.nn.functional as F
from torch import nn

CHANNELS, TIME, CONTEXT, HEADS = 320, 1280, 768, 8
MULTIPLES = (1, 2, 4, 4)


def norm(channels, eps):
    return nn.GroupNorm(32, channels, eps)


def conv(i, o, size=3, stride=1):
    return nn.Conv2d(i, o, size, stride, size // 2)


# ---- UNet


class Residual(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.in_layers = nn.Sequential(norm(i, 1e-5), nn.SiLU(), conv(i, o))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(TIME, o))
        self.out_layers = nn.Sequential(norm(o, 1e-5), nn.SiLU(), nn.Identity(), conv(o, o))
        if i != o:
            self.skip_connection = conv(i, o, 1)
        else:
            self.skip_connection = nn.Identity()

    def forward(self, x, time, _):
        h = self.in_layers(x) + self.emb_layers(time)[:, :, None, None]
        return self.skip_connection(x) + self.out_layers(h)


class Attention(nn.Module):
    def __init__(self, width, context):
        super().__init__()
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(context, width, bias=False)
        self.to_v = nn.Linear(context, width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(width, width))

    def forward(self, x, context):
        q, k, v = self.to_q(x), self.to_k(context), self.to_v(context)
        q, k, v = (t.unflatten(2, (HEADS, -1)).transpose(1, 2) for t in (q, k, v))  # [B,heads,T,dim]
        return self.to_out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class GEGLU(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.proj = nn.Linear(width, 8 * width)

    def forward(self, x):
        h, gate = self.proj(x).chunk(2, dim=-1)
        return h * F.gelu(gate)


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attn1, self.attn2 = Attention(width, width), Attention(width, CONTEXT)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.ff = nn.Module()
        self.ff.net = nn.Sequential(GEGLU(width), nn.Identity(), nn.Linear(4 * width, width))

    def forward(self, x, context):
        n = self.norm1(x)
        x = x + self.attn1(n, n)
        x = x + self.attn2(self.norm2(x), context)
        return x + self.ff.net(self.norm3(x))


class Transformer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.proj_in, self.proj_out = norm(width, 1e-6), conv(width, width, 1), conv(width, width, 1)
        self.transformer_blocks = nn.ModuleList([Block(width)])

    def forward(self, x, _, context):
        h = self.proj_in(self.norm(x))
        tokens = h.flatten(2).transpose(1, 2)  # [B,HW,C]
        for block in self.transformer_blocks:
            tokens = block(tokens, context)
        return x + self.proj_out(tokens.transpose(1, 2).reshape(h.shape))


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
    def __init__(self):
        super().__init__()
        self.time_embed = nn.Sequential(nn.Linear(CHANNELS, TIME), nn.SiLU(), nn.Linear(TIME, TIME))
        blocks, skips, c = [nn.ModuleList([First(4, CHANNELS, 3, padding=1)])], [CHANNELS], CHANNELS
        for level, m in enumerate(MULTIPLES):
            attention = level < 3
            for _ in range(2):
                blocks.append(nn.ModuleList([Residual(c, CHANNELS * m)] + [Transformer(CHANNELS * m)] * attention))
                c = CHANNELS * m
                skips.append(c)
            if attention:
                blocks.append(nn.ModuleList([Down(c)]))
                skips.append(c)
        self.input_blocks = nn.ModuleList(blocks)
        self.middle_block = nn.ModuleList([Residual(c, c), Transformer(c), Residual(c, c)])
        blocks = []
        for level, m in reversed(list(enumerate(MULTIPLES))):
            for i in range(3):
                layers = [Residual(c + skips.pop(), CHANNELS * m)]
                c = CHANNELS * m
                if level < 3:
                    layers.append(Transformer(c))
                if i == 2 and level > 0:
                    layers.append(Up(c))
                blocks.append(nn.ModuleList(layers))
        self.output_blocks = nn.ModuleList(blocks)
        self.out = nn.Sequential(norm(c, 1e-5), nn.SiLU(), conv(c, 4))

    def forward(self, x, timesteps, context):
        half = CHANNELS // 2
        rates = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)
        angles = timesteps.float()[:, None] * rates
        time = self.time_embed(torch.cat([angles.cos(), angles.sin()], dim=1))
        skips = []
        for block in self.input_blocks:
            for layer in block:
                x = layer(x, time, context)
            skips.append(x)
        for layer in self.middle_block:
            x = layer(x, time, context)
        for block in self.output_blocks:
            x = torch.cat([x, skips.pop()], dim=1)
            for layer in block:
                x = layer(x, time, context)
        return self.out(x)


# ---- VAE decoder


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
        q, k, v = (f(h).flatten(2).transpose(1, 2).unsqueeze(1) for f in (self.q, self.k, self.v))
        o = F.scaled_dot_product_attention(q, k, v).squeeze(1).transpose(1, 2).reshape(x.shape)
        return x + self.proj_out(o)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        c = 512
        self.conv_in = conv(4, c)
        self.mid = nn.Module()
        self.mid.block_1, self.mid.attn_1, self.mid.block_2 = VAEResidual(c, c), VAEAttention(c), VAEResidual(c, c)
        up = []
        for level, m in reversed(list(enumerate(MULTIPLES))):
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


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        c = 128
        self.conv_in = conv(3, c)
        self.down = nn.ModuleList()
        for level, m in enumerate(MULTIPLES):
            stage = nn.Module()
            stage.block = nn.ModuleList()
            for _ in range(2):
                stage.block.append(VAEResidual(c, 128 * m))
                c = 128 * m
            if level < 3:
                stage.downsample = nn.Module()
                stage.downsample.conv = nn.Conv2d(c, c, 3, 2)
            self.down.append(stage)
        self.mid = nn.Module()
        self.mid.block_1, self.mid.attn_1, self.mid.block_2 = VAEResidual(c, c), VAEAttention(c), VAEResidual(c, c)
        self.norm_out, self.conv_out = norm(c, 1e-6), conv(c, 8)

    def forward(self, image):
        h = self.conv_in(image)
        for stage in self.down:
            for block in stage.block:
                h = block(h)
            if hasattr(stage, "downsample"):
                h = stage.downsample.conv(F.pad(h, (0, 1, 0, 1)))
        h = self.mid.block_2(self.mid.attn_1(self.mid.block_1(h)))
        return self.conv_out(F.silu(self.norm_out(h)))


class VAEEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.quant_conv = Encoder(), conv(8, 8, 1)

    def forward(self, image):
        return self.quant_conv(self.encoder(image))


# ---- CLIP ViT-L/14 text model


class TextLayer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.self_attn = nn.Module()
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self.self_attn, name, nn.Linear(width, width))
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        a, h = self.self_attn, self.layer_norm1(x)
        q, k, v = (f(h).unflatten(2, (12, -1)).transpose(1, 2) for f in (a.q_proj, a.k_proj, a.v_proj))
        h = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
        x = x + a.out_proj(h)
        h = self.mlp.fc1(self.layer_norm2(x))
        return x + self.mlp.fc2(h * torch.sigmoid(1.702 * h))


class CLIP(nn.Module):
    def __init__(self):
        super().__init__()
        self.embeddings, self.encoder = nn.Module(), nn.Module()
        self.embeddings.token_embedding = nn.Embedding(49408, CONTEXT)
        self.embeddings.position_embedding = nn.Embedding(77, CONTEXT)
        self.encoder.layers = nn.ModuleList([TextLayer(CONTEXT) for _ in range(12)])
        self.final_layer_norm = nn.LayerNorm(CONTEXT)

    def forward(self, tokens):
        x = self.embeddings.token_embedding(tokens) + self.embeddings.position_embedding.weight
        for layer in self.encoder.layers:
            x = layer(x)
        return self.final_layer_norm(x)


# ---- OneActor's projector and one step of its tuning


class ProjectorBlock(nn.Module):
    def __init__(self, i, o, stride=1):
        super().__init__()
        self.conv1, self.bn1, self.conv2, self.bn2 = conv(i, o, 3, stride), nn.BatchNorm2d(o), conv(o, o), nn.BatchNorm2d(o)
        if stride > 1:
            self.conv3 = conv(i, o, 1, stride)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (self.conv3(x) if hasattr(self, "conv3") else x))


def projector(size):
    c = 4 * CHANNELS
    cells = math.ceil(math.ceil(size / 64 / 2) / 2)
    return nn.Sequential(
        nn.Sequential(conv(c, c // 2, 7, 2), nn.BatchNorm2d(c // 2), nn.ReLU()),
        nn.Sequential(ProjectorBlock(c // 2, c // 2), ProjectorBlock(c // 2, c // 2)),
        nn.Sequential(ProjectorBlock(c // 2, c // 4, 2), ProjectorBlock(c // 4, c // 4)),
        nn.Flatten(),
        nn.Linear(c // 4 * cells**2, CONTEXT),
        nn.LayerNorm(CONTEXT),
    )


TUNE_WEIGHTS = (1, 0.5 / 3, 0.5 / 3, 0.5 / 3, 0.2)


def tune_loss(unet, x, noise, timesteps, context):
    return (torch.tensor(TUNE_WEIGHTS) * ((unet(x, timesteps, context) - noise) ** 2).mean((1, 2, 3))).sum()


class Highest:
    """Highest anonymous memory of this process while work is done, looked at every 20 ms."""

    def __enter__(self):
        self.bytes, self.stop = 0, threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while not self.stop.wait(0.02):
            self.bytes = max(self.bytes, memory().get("anonymous", 0))

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def tune(nets, state, size):
    """One step: forward, backward and AdamW on the projector; the official code also encodes its images and prompts in each."""
    if "projector" not in state:
        state["projector"] = projector(size)
        state["optimizer"] = torch.optim.AdamW(state["projector"].parameters(), lr=1e-4, weight_decay=1e-2)
        nets["unet"].requires_grad_(False)
    parts = {}

    def part(name, work):
        result, times = timed(work)
        parts[name] = times
        return result

    with torch.no_grad():
        images = torch.rand(5, 3, size, size) * 2 - 1
        latent = part("images", lambda: nets["encoder"](images))[:, :4]
        context = part("texts", lambda: nets["clip"](torch.randint(0, 49408, (5, 77))))
    noise, h = torch.randn_like(latent), torch.randn(5, 4 * CHANNELS, size // 64, size // 64)

    def forward():
        delta = state["projector"](h)
        text = context.clone()
        text[:, 5] += torch.cat([delta[:4], delta[1:4].mean(0, keepdim=True)])
        return tune_loss(nets["unet"], latent, noise, torch.full((5,), 500.0), text)

    with Highest() as highest:
        loss = part("forward", forward)
        part("backward", loss.backward)
        part("optimizer", state["optimizer"].step)
    state["optimizer"].zero_grad()
    return {"parts": parts, "highest": highest.bytes}


def gradient(unet, x, noise, timesteps, context):
    unet.requires_grad_(False)
    context.requires_grad_(True)
    tune_loss(unet, x, noise, timesteps, context).backward()
    return context.grad


# ---- loading and running

NETS = {
    "unet": (UNet, "model.diffusion_model."),
    "clip": (CLIP, "cond_stage_model.transformer.text_model."),
    "vae": (VAE, "first_stage_model."),
    "encoder": (VAEEncoder, "first_stage_model."),
}
DTYPES = {"F32": torch.float32, "F16": torch.float16}


def tensors(path, prefix):
    """Yields (name, float32 tensor) of a safetensors file, read through a memory map."""
    with open(path, "rb") as f:
        data = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY)
    size = struct.unpack("<Q", data[:8])[0]
    for name, info in json.loads(data[8 : 8 + size]).items():
        if name.startswith(prefix) and info["dtype"] in DTYPES:
            begin, end = info["data_offsets"]
            dtype = DTYPES[info["dtype"]]
            flat = torch.frombuffer(data, dtype=dtype, count=(end - begin) // dtype.itemsize, offset=8 + size + begin)
            yield name[len(prefix) :], flat.reshape(info["shape"]).to(torch.float32, copy=True)


def load(net, weights):
    make, prefix = NETS[net]
    with torch.device("meta"):
        module = make()
    if weights:
        missing, _ = module.load_state_dict(dict(tensors(weights, prefix)), strict=False, assign=True)
        if missing:
            raise ValueError(f"{weights} lacks {missing[0]} and {len(missing) - 1} more")
        return module.eval()
    module.to_empty(device="cpu")
    for parameter in module.parameters():
        bound = math.sqrt(3 / max(1, parameter[0].numel()))
        nn.init.uniform_(parameter, -bound, bound) if parameter.dim() > 1 else nn.init.ones_(parameter)
    return module.eval()


def inputs(net, size, batch):
    if net == "clip":
        return (torch.randint(0, 49408, (batch, 77)),)
    latent = torch.randn(batch, 4, size // 8, size // 8)
    if net == "vae":
        return (latent,)
    return latent, torch.full((batch,), 500.0), torch.randn(batch, 77, CONTEXT)


def memory():
    """Anonymous, mapped and highest memory of this process in bytes."""
    fields = {"RssAnon": "anonymous", "RssFile": "mapped", "VmHWM": "peak"}
    out = {}
    try:
        with open("/proc/self/status") as f:
            for line in f:
                name, value = line.split(":", 1)
                if name in fields:
                    out[fields[name]] = int(value.split()[0]) * 1024
    except FileNotFoundError:  # not Linux, where ru_maxrss is the highest of the process that started this one too
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        out["peak"] = peak if sys.platform == "darwin" else peak * 1024
    return out


def timed(work):
    """Wall and CPU seconds of work, CPU time counted over all threads."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def answer(nets, weights, command):
    do, net = command["do"], command.get("net")
    if do == "report":
        return memory() | {"torch": torch.__version__, "threads": torch.get_num_threads()}
    if do in ("tune", "gradient"):
        with torch.inference_mode(False), torch.enable_grad():
            if do == "tune":
                torch.set_num_threads(command["threads"])
                return tune(nets, nets.setdefault("tuning", {}), command["size"]) | memory()
            values = [torch.tensor(v).reshape(s) for v, s in zip(command["inputs"], command["shapes"], strict=True)]
            out = gradient(nets["unet"], *values)
            return {"shape": list(out.shape), "values": out.flatten().tolist()}
    if net not in NETS:
        raise ValueError(f"net {net!r} is not known; use one of {', '.join(NETS)}")
    if do == "load":
        with torch.inference_mode(False):
            nets[net], times = timed(lambda: load(net, weights))
        return times | memory()
    if do == "unload":
        nets.pop(net, None)
        return memory()
    if do == "run":
        torch.set_num_threads(command["threads"])
        values = inputs(net, command.get("size", 0), command["batch"])
        return timed(lambda: nets[net](*values))[1] | memory()
    if do == "compare":
        values = [torch.tensor(v).reshape(s) for v, s in zip(command["inputs"], command["shapes"], strict=True)]
        out = nets[net](*values)
        return {"shape": list(out.shape), "values": out.flatten().tolist()}
    raise ValueError(f"command {do!r} is not known; use load, run, compare, tune, gradient, report or unload")


def picture(weights, size, steps):
    """One picture from nothing, as a new process makes it."""
    context = load("clip", weights)(*inputs("clip", 0, 2))
    unet, latent = load("unet", weights), torch.randn(1, 4, size // 8, size // 8) * 14.6
    sigmas = torch.linspace(14.6, 0, steps + 1)
    for now, then in zip(sigmas[:-1], sigmas[1:], strict=True):
        scaled = (latent / (now**2 + 1).sqrt()).expand(2, -1, -1, -1)
        plain, guided = unet(scaled, torch.full((2,), 999 * now / 14.6), context).chunk(2)
        latent = latent + (plain + 7 * (guided - plain)) * (then - now)
    return load("vae", weights)(latent / 0.18215)


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", help="checkpoint to load; without it weights are random")
    parser.add_argument("--threads", type=int, default=0, help="of --cold; 0 leaves it to torch")
    parser.add_argument("--cold", nargs=2, type=int, metavar=("SIZE", "STEPS"), help="make one picture and end")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    if arguments.cold:
        if arguments.threads:
            torch.set_num_threads(arguments.threads)
        result = picture(arguments.weights, *arguments.cold)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu = usage.ru_utime + usage.ru_stime
        print(json.dumps(memory() | {"cpu": cpu, "finite": bool(result.isfinite().all())}), flush=True)
        return
    nets = {}
    for line in sys.stdin:
        try:
            reply = answer(nets, arguments.weights, json.loads(line))
        except Exception as problem:  # the other side prints it; the process stays for the next command
            reply = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
