"""UNet and ControlNet of the SD 1.x family, module names as in the original files. Eight heads wherever there is attention."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

HEADS = 8


def timestep_embedding(t, dim):
    frequency = torch.exp(-math.log(10000) * torch.arange(dim // 2, dtype=torch.float32) / (dim // 2))
    angle = t.float()[:, None] * frequency[None]
    return torch.cat([angle.cos(), angle.sin()], -1)


class ResBlock(nn.Module):
    def __init__(self, channels, time_dim, out):
        super().__init__()
        self.in_layers = nn.Sequential(nn.GroupNorm(32, channels), nn.SiLU(), nn.Conv2d(channels, out, 3, padding=1))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(time_dim, out))
        self.out_layers = nn.Sequential(nn.GroupNorm(32, out), nn.SiLU(), nn.Dropout(0), nn.Conv2d(out, out, 3, padding=1))
        self.skip_connection = nn.Conv2d(channels, out, 1) if channels != out else nn.Identity()

    def forward(self, x, time, context):
        h = self.in_layers(x) + self.emb_layers(time)[:, :, None, None]
        return self.skip_connection(x) + self.out_layers(h)


class Attention(nn.Module):
    """queries from x [B,N,D], keys and values from y [B,M,C]"""

    def __init__(self, dim, context_dim):
        super().__init__()
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_k, self.to_v = nn.Linear(context_dim, dim, bias=False), nn.Linear(context_dim, dim, bias=False)
        self.to_out = nn.Sequential(nn.Linear(dim, dim), nn.Dropout(0))

    def forward(self, x, y):
        b, n, d = x.shape
        q, k, v = (z.view(b, -1, HEADS, d // HEADS).transpose(1, 2) for z in (self.to_q(x), self.to_k(y), self.to_v(y)))
        return self.to_out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, d))


class GEGLU(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.proj = nn.Linear(dim, 2 * hidden)

    def forward(self, x):
        x, gate = self.proj(x).chunk(2, -1)
        return x * F.gelu(gate)


class FeedForward(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.net = nn.Sequential(GEGLU(dim, 4 * dim), nn.Dropout(0), nn.Linear(4 * dim, dim))

    def forward(self, x):
        return self.net(x)


class TransformerBlock(nn.Module):
    def __init__(self, dim, context_dim):
        super().__init__()
        self.attn1, self.ff, self.attn2 = Attention(dim, dim), FeedForward(dim), Attention(dim, context_dim)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)

    def forward(self, x, context):
        y = self.norm1(x)
        x = x + self.attn1(y, y)
        x = x + self.attn2(self.norm2(x), context)
        return x + self.ff(self.norm3(x))


class SpatialTransformer(nn.Module):
    def __init__(self, dim, context_dim):
        super().__init__()
        self.norm = nn.GroupNorm(32, dim, eps=1e-6)
        self.proj_in, self.proj_out = nn.Conv2d(dim, dim, 1), nn.Conv2d(dim, dim, 1)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(dim, context_dim)])

    def forward(self, x, time, context):
        b, d, h, w = x.shape
        y = self.proj_in(self.norm(x)).permute(0, 2, 3, 1).reshape(b, h * w, d)
        for block in self.transformer_blocks:
            y = block(y, context)
        return x + self.proj_out(y.view(b, h, w, d).permute(0, 3, 1, 2))


class Down(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.op = nn.Conv2d(dim, dim, 3, stride=2, padding=1)

    def forward(self, x, time, context):
        return self.op(x)


class Up(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim, 3, padding=1)

    def forward(self, x, time, context):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class ConvIn(nn.Conv2d):
    def forward(self, x, time, context):
        return super().forward(x)


def run(block, x, time, context):
    for layer in block:
        x = layer(x, time, context)
    return x


class Encoder(nn.Module):
    """Input blocks and middle block, which a UNet and a ControlNet share. levels: channels; attention: which levels have transformers."""

    def __init__(self, levels=(64, 64, 128), attention=(False, True, False), context=64, blocks=2, channels=4):
        super().__init__()
        self.width, time_dim = levels[0], 4 * levels[0]
        self.shape = dict(levels=levels, attention=attention, context=context, blocks=blocks, channels=channels)
        self.time_embed = nn.Sequential(nn.Linear(self.width, time_dim), nn.SiLU(), nn.Linear(time_dim, time_dim))
        self.input_blocks = nn.ModuleList([nn.ModuleList([ConvIn(channels, self.width, 3, padding=1)])])
        dim, self.skips = self.width, [self.width]
        for i, out in enumerate(levels):
            for _ in range(blocks):
                self.input_blocks.append(nn.ModuleList([ResBlock(dim, time_dim, out)] + [SpatialTransformer(out, context)] * attention[i]))
                dim = out
                self.skips.append(dim)
            if i < len(levels) - 1:
                self.input_blocks.append(nn.ModuleList([Down(dim)]))
                self.skips.append(dim)
        self.middle_block = nn.ModuleList([ResBlock(dim, time_dim, dim), SpatialTransformer(dim, context), ResBlock(dim, time_dim, dim)])

    def zero_start(self):
        """the usual start of residual branches: they add nothing"""
        for name, module in self.named_modules():
            if name.endswith(("out_layers.3", "proj_out")) or name == "out.2":
                nn.init.zeros_(module.weight), nn.init.zeros_(module.bias)

    def embed_time(self, t):
        return self.time_embed(timestep_embedding(t, self.width))


class UNet(Encoder):
    def __init__(self, **shape):
        super().__init__(**shape)
        levels, attention, context, blocks, channels = (self.shape[k] for k in ("levels", "attention", "context", "blocks", "channels"))
        dim, time_dim, skips = levels[-1], 4 * levels[0], list(self.skips)
        self.output_blocks = nn.ModuleList()
        for i, out in reversed(list(enumerate(levels))):
            for j in range(blocks + 1):
                block = [ResBlock(dim + skips.pop(), time_dim, out)] + [SpatialTransformer(out, context)] * attention[i]
                dim = out
                self.output_blocks.append(nn.ModuleList(block + [Up(dim)] * (i > 0 and j == blocks)))
        self.out = nn.Sequential(nn.GroupNorm(32, dim), nn.SiLU(), nn.Conv2d(dim, channels, 3, padding=1))
        self.zero_start()

    def forward(self, x, t, context, control=None, with_h=False):
        """x [B,4,H,W], t [B], context [B,77,C] -> epsilon; control: a ControlNet's residuals; with_h: also OneActor's h, before the middle block"""
        time, skips = self.embed_time(t), []
        for block in self.input_blocks:
            x = run(block, x, time, context)
            skips.append(x)
        h, x = x, run(self.middle_block, x, time, context)
        if control is not None:
            x = x + control[-1]
            skips = [a + b for a, b in zip(skips, control)]
        for block in self.output_blocks:
            x = run(block, torch.cat([x, skips.pop()], 1), time, context)
        return (self.out(x), h) if with_h else self.out(x)


class ControlNet(Encoder):
    """Zhang et al. 2023 (arXiv:2302.05543): the encoder half once more, with a picture added behind its first convolution."""

    def __init__(self, **shape):
        super().__init__(**shape)
        widths = (3, 16, 16, 32, 32, 96, 96, 256, self.width)
        hint = []
        for i, (a, b) in enumerate(zip(widths, widths[1:])):
            hint += [nn.Conv2d(a, b, 3, padding=1, stride=2 if i in (2, 4, 6) else 1), nn.SiLU()]
        self.input_hint_block = nn.Sequential(*hint[:-1])
        self.zero_convs = nn.ModuleList(nn.ModuleList([nn.Conv2d(c, c, 1)]) for c in self.skips)
        self.middle_block_out = nn.ModuleList([nn.Conv2d(self.skips[-1], self.skips[-1], 1)])
        for conv in [c[0] for c in self.zero_convs] + [self.middle_block_out[0]]:
            nn.init.zeros_(conv.weight), nn.init.zeros_(conv.bias)

    def forward(self, x, t, context, hint):
        """hint [B,3,8H,8W] with values 0..1 -> one residual per skip, then the middle block's"""
        time, residuals = self.embed_time(t), []
        for i, block in enumerate(self.input_blocks):
            x = run(block, x, time, context)
            if i == 0:
                x = x + self.input_hint_block(hint)
            residuals.append(self.zero_convs[i][0](x))
        return residuals + [self.middle_block_out[0](run(self.middle_block, x, time, context))]
