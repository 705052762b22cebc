"""Small random T2I adapters and what PyTorch 2 makes of a picture with them, for adapter_test.go.

Run in this folder: python adapters.py. The forward passes follow TencentARC/T2I-Adapter as ComfyUI 0.3.64 runs it (comfy/t2i_adapter/adapter.py).
"""
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(11)


class Weights(dict):
    """Makes a weight when it is first asked for."""

    def conv(self, name, x, out, kernel, stride=1):
        shape = (out, x.shape[1], kernel, kernel)
        if name + ".weight" not in self:
            scale = (shape[1] * kernel * kernel) ** -0.5
            self[name + ".weight"] = (torch.randn(shape) * scale).half()
            self[name + ".bias"] = (torch.randn(out) * 0.1).half()
        w, b = self[name + ".weight"].float(), self[name + ".bias"].float()
        return F.conv2d(x, w, b, stride=stride, padding=kernel // 2)


def halve(x):
    """Mean of 2x2; a size that is odd gets a zero on both sides, of which the last one is left over."""
    return F.avg_pool2d(x, 2, 2, padding=[x.shape[2] % 2, x.shape[3] % 2])


def rectified(w, name, x, kernel):
    h = F.relu(w.conv(name + ".block1", x, x.shape[1], 3))
    return w.conv(name + ".block2", h, x.shape[1], kernel) + x


def full(w, x, channels, square, downs, convolve, kernel):
    x = F.pixel_unshuffle(x, square)
    x = w.conv("conv_in", x, channels[0], 3)
    out = []
    for i, c in enumerate(channels):
        for j in range(2):
            name = f"body.{2 * i + j}"
            if j == 0 and i in downs:
                x = w.conv(name + ".down_opt.op", x, x.shape[1], 3, 2) if convolve else halve(x)
            if x.shape[1] != c:
                x = w.conv(name + ".in_conv", x, c, kernel)
            x = rectified(w, name, x, kernel)
        out.append(x)
    return out


def light(w, x, channels):
    x = F.pixel_unshuffle(x, 8)
    out = []
    for i, c in enumerate(channels):
        if i > 0:
            x = halve(x)
        x = w.conv(f"body.{i}.in_conv", x, c // 4, 1)
        for j in range(2):
            x = rectified(w, f"body.{i}.body.{j}", x, 3)
        x = w.conv(f"body.{i}.out_conv", x, c, 1)
        out.append(x)
    return out


def diffusers(w):
    """The same tensors as diffusers names them."""
    named = {}
    for name, t in w.items():
        parts = name.split(".")
        if parts[0] == "body" and parts[2] == "body":  # light
            name = ".".join(["body", parts[1], "resnets", *parts[3:]])
        elif parts[0] == "body" and "out_conv" not in name and f"body.{parts[1]}.out_conv.weight" not in w:
            n = int(parts[1])
            rest = parts[2:] if parts[2] in ("in_conv", "down_opt") else ["resnets", str(n % 2), *parts[2:]]
            name = ".".join(["body", str(n // 2), *rest])
        named["adapter." + name] = t
    return named


def save(name, w, hint, out, rename=lambda w: w):
    tensors = dict(rename(w))
    tensors["test.hint"] = hint.half()
    for i, t in enumerate(out):
        tensors[f"test.residual.{i}"] = t
    save_file({k: v.contiguous() for k, v in tensors.items()}, f"adapter_{name}.safetensors")


def picture(channels, height, width):
    return torch.rand(1, channels, height, width).half().float()


w, x = Weights(), picture(1, 40, 24)
save("convolved", w, x, full(w, x, [4, 8, 8], 8, [1, 2], True, 3))
w, x = Weights(), picture(1, 40, 56)
save("sd15_diffusers", w, x, full(w, x, [4, 8, 8, 8], 8, [1, 2, 3], False, 1), diffusers)
w, x = Weights(), picture(1, 48, 80)
save("sdxl", w, x, full(w, x, [4, 8, 12, 12], 16, [2], False, 1))
w, x = Weights(), picture(3, 24, 40)
save("light", w, x, light(w, x, [8, 16, 16]))
save("light_diffusers", w, x, light(w, x, [8, 16, 16]), diffusers)
