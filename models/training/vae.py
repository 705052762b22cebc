"""The VAE: an AutoencoderKL under its original names whose weights are written down, not trained.

The latent of a picture is the 16x16 grid of its 8x8-pixel cells' mean colours, as four whitened channels (R, G, B, luminance); the decoder
repeats each cell 8x8. That is exact for pixel art on an 8-pixel grid, and a block average of anything else.

How the network carries an absolute colour through GroupNorm (32 groups on 64 channels: pairs):
  * a colour x is kept as a pair (x, -x). The mean of the pair is 0, so GroupNorm only divides by its rms, and SiLU(x) - SiLU(-x) = x reads it
    back exactly;
  * before norm_out a residual block adds a large known spike to one corner cell of each pair, so that the rms is the same whatever the
    picture ([[1,-1],[-1,1]] over a constant is zero except in the corner, where the convolution's zero padding shows); other pairs carry the
    spike alone and conv_out subtracts it. Every colour has four pairs, one per corner: a corner cell keeps 3/4 of its contrast.
"""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

SCALE = 0.18215          # of SD 1.x: UNet latent = VAE latent x SCALE
WIDTHS, BLOCKS = (64, 64, 64, 64), 1
SPIKE = 20.0
COLOUR_PAIRS = [(colour, corner) for colour in range(3) for corner in range(4)]  # pair i is channels 2i, 2i+1
SPIKE_PAIRS = [(None, corner) for corner in range(4)]                            # pairs 12..15


def norm(channels):
    return nn.GroupNorm(32, channels, eps=1e-6)


class ResBlock(nn.Module):
    def __init__(self, channels, out):
        super().__init__()
        self.norm1, self.conv1 = norm(channels), nn.Conv2d(channels, out, 3, padding=1)
        self.norm2, self.conv2 = norm(out), nn.Conv2d(out, out, 3, padding=1)
        if channels != out:
            self.nin_shortcut = nn.Conv2d(channels, out, 1)

    def forward(self, x):
        h = self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))
        return (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x) + h


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = norm(channels)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def forward(self, x):
        b, c, h, w = x.shape
        y = self.norm(x)
        q, k, v = (f(y).reshape(b, c, h * w).transpose(1, 2)[:, None] for f in (self.q, self.k, self.v))
        return x + self.proj_out(F.scaled_dot_product_attention(q, k, v)[:, 0].transpose(1, 2).reshape(b, c, h, w))


class Middle(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.block_1, self.attn_1, self.block_2 = ResBlock(channels, channels), Attention(channels), ResBlock(channels, channels)

    def forward(self, x):
        return self.block_2(self.attn_1(self.block_1(x)))


class Level(nn.Module):
    """blocks, then a change of size: "downsample", "upsample" or none"""

    def __init__(self, channels, out, blocks, resize=None):
        super().__init__()
        self.block = nn.ModuleList(ResBlock(channels if i == 0 else out, out) for i in range(blocks))
        if resize:
            step = nn.Module()
            step.conv = nn.Conv2d(out, out, 3, stride=2) if resize == "downsample" else nn.Conv2d(out, out, 3, padding=1)
            setattr(self, resize, step)

    def forward(self, x):
        for block in self.block:
            x = block(x)
        if hasattr(self, "downsample"):
            x = self.downsample.conv(F.pad(x, (0, 1, 0, 1)))
        if hasattr(self, "upsample"):
            x = self.upsample.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return x


class Encoder(nn.Module):
    def __init__(self, widths, blocks):
        super().__init__()
        last = len(widths) - 1
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        self.down = nn.ModuleList(Level(widths[max(i - 1, 0)], w, blocks, "downsample" if i < last else None) for i, w in enumerate(widths))
        self.mid, self.norm_out, self.conv_out = Middle(widths[-1]), norm(widths[-1]), nn.Conv2d(widths[-1], 8, 3, padding=1)

    def forward(self, x):
        x = self.conv_in(x)
        for level in self.down:
            x = level(x)
        return self.conv_out(F.silu(self.norm_out(self.mid(x))))


class Decoder(nn.Module):
    def __init__(self, widths, blocks):
        super().__init__()
        last = len(widths) - 1
        self.conv_in, self.mid = nn.Conv2d(4, widths[-1], 3, padding=1), Middle(widths[-1])
        self.up = nn.ModuleList(Level(widths[min(i + 1, last)], w, blocks + 1, "upsample" if i > 0 else None) for i, w in enumerate(widths))
        self.norm_out, self.conv_out = norm(widths[0]), nn.Conv2d(widths[0], 3, 3, padding=1)

    def forward(self, z):
        x = self.mid(self.conv_in(z))
        for level in reversed(self.up):
            x = level(x)
        return self.conv_out(F.silu(self.norm_out(x)))


class VAE(nn.Module):
    def __init__(self, widths=WIDTHS, blocks=BLOCKS):
        super().__init__()
        self.encoder, self.decoder = Encoder(widths, blocks), Decoder(widths, blocks)
        self.quant_conv, self.post_quant_conv = nn.Conv2d(8, 8, 1), nn.Conv2d(4, 4, 1)

    def moments(self, pictures):
        """[B,3,8H,8W] in -1..1 -> mean and log variance [B,4,H,W], not scaled"""
        mean, log_variance = self.quant_conv(self.encoder(pictures)).chunk(2, 1)
        return mean, log_variance.clamp(-30, 20)

    def decode(self, z):
        return self.decoder(self.post_quant_conv(z))


def whitening(grids):
    """grids uint8 [N,16,16,3] -> (mean colour [3], matrix [4,3]) with which UNet latents have variance 1"""
    colours = torch.from_numpy(grids).float().div(127.5).sub(1).reshape(-1, 3)
    mean = colours.mean(0)
    colours = colours - mean
    return mean, torch.cat([torch.diag(1 / colours.std(0)), torch.ones(1, 3) / colours.sum(1).std()])


def add_spikes(block):
    """block: the residual block that adds the spikes (hidden pairs 28..31, one per corner)"""
    block.norm1.bias[55] = 1.0
    for corner in range(4):
        kernel = torch.tensor([[1.0, -1, 0], [-1, 1, 0], [0, 0, 0]])
        kernel = kernel.flip([d for d in (0, 1) if corner >> d & 1])
        for hidden, sign in ((56 + 2 * corner, 1.0), (57 + 2 * corner, -1.0)):
            block.conv1.weight[hidden, 55] = sign * kernel
            block.norm2.weight[hidden] = 1.0
            for i, (_, at) in enumerate(COLOUR_PAIRS + SPIKE_PAIRS):
                if at == corner:
                    block.conv2.weight[2 * i, hidden, 1, 1], block.conv2.weight[2 * i + 1, hidden, 1, 1] = sign * SPIKE, -sign * SPIKE


def read_colours(norm_out, conv_out):
    """outputs 0..2 become R, G, B"""
    norm_out.weight[:24] = SPIKE
    norm_out.weight[24:32] = 1.0
    for i, (colour, corner) in enumerate(COLOUR_PAIRS):
        conv_out.weight[colour, 2 * i, 1, 1], conv_out.weight[colour, 2 * i + 1, 1, 1] = 0.25, -0.25
        conv_out.weight[colour, 24 + 2 * corner, 1, 1], conv_out.weight[colour, 25 + 2 * corner, 1, 1] = -SPIKE / 4, SPIKE / 4


@torch.no_grad()
def build(mean, matrix):
    """the VAE whose scaled latent is matrix (colour - mean)"""
    vae = VAE()
    for p in vae.parameters():
        p.zero_()
    for name, module in vae.named_modules():  # norms of residual branches and of attention stay 0: those branches add nothing
        if isinstance(module, nn.Conv2d) and name.endswith("conv_in"):
            for i, (colour, _) in enumerate(COLOUR_PAIRS):
                module.weight[2 * i, colour, 1, 1], module.weight[2 * i + 1, colour, 1, 1] = 1.0, -1.0
        if name.endswith("downsample.conv"):
            module.weight[range(24), range(24), :2, :2] = 0.25
        if name.endswith("upsample.conv"):
            module.weight[range(24), range(24), 1, 1] = 1.0
    add_spikes(vae.encoder.mid.block_2), read_colours(vae.encoder.norm_out, vae.encoder.conv_out)
    add_spikes(vae.decoder.up[0].block[-1]), read_colours(vae.decoder.norm_out, vae.decoder.conv_out)
    into, out_of = vae.quant_conv, vae.post_quant_conv
    into.weight[:4, :3, 0, 0] = matrix / SCALE
    into.bias[:4] = -(matrix @ mean) / SCALE
    into.bias[4:] = 2 * math.log(0.02 / SCALE)  # the posterior's deviation is 0.02 of the latent's
    out_of.weight[:3, :, 0, 0] = torch.linalg.pinv(matrix) * SCALE
    out_of.bias[:3] = mean
    return vae
