"""The whole checkpoint in one file: float16, the original SD 1.x names, every size readable from names and shapes."""
import os
import re
import torch
import torch.nn as nn
from safetensors.torch import load_file, save_file
from text_encoder import TextEncoder
from unet import ControlNet, UNet
from vae import SCALE, VAE

UNET, AUTOENCODER, TEXT = "model.diffusion_model.", "first_stage_model.", "cond_stage_model.transformer.text_model."


class Checkpoint(nn.Module):
    """Module names are the file's key names; shapes: keyword arguments of UNet, VAE and TextEncoder."""

    def __init__(self, unet=None, vae=None, text=None):
        super().__init__()
        self.model, self.cond_stage_model = nn.Module(), nn.Module()
        self.cond_stage_model.transformer = nn.Module()
        self.model.diffusion_model = UNet(**(unet or {}))
        self.first_stage_model = VAE(**(vae or {}))
        self.cond_stage_model.transformer.text_model = TextEncoder(**(text or {}))

    unet = property(lambda self: self.model.diffusion_model)
    vae = property(lambda self: self.first_stage_model)
    text = property(lambda self: self.cond_stage_model.transformer.text_model)

    def decode(self, latents):
        """UNet latents [B,4,16,16] -> uint8 [B,128,128,3]"""
        pictures = torch.cat([self.vae.decode(z / SCALE) for z in latents.split(4)])
        return ((pictures.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()


def save(weights, path, **metadata):
    """weights: {name: tensor}; written beside its name and renamed, so that a reader never sees half a file"""
    half = {k: v.detach().to(torch.float16).contiguous() if v.is_floating_point() else v for k, v in weights.items()}
    save_file(half, f"{path}.new", metadata={"format": "pt", **metadata})
    os.replace(f"{path}.new", path)


def save_checkpoint(weights, path):
    positions = {TEXT + "embeddings.position_ids": torch.arange(77)[None]}
    save(weights | positions, path, model="tiny-actors, a Stable-Diffusion-1.5-family text-to-image model")


def count(weights, pattern):
    """1 + the largest number that stands for (N) in a name"""
    found = re.compile(re.escape(pattern).replace(re.escape("(N)"), r"(\d+)"))
    return 1 + max((int(m.group(1)) for m in map(found.match, weights) if m), default=-1)


def unet_shape(weights, prefix):
    has = lambda name: prefix + name in weights
    levels, attention, blocks = [], [], [0]
    for i in range(1, count(weights, prefix + "input_blocks.(N).")):
        if has(f"input_blocks.{i}.0.op.weight"):
            blocks.append(0)
            continue
        if blocks[-1] == 0:
            levels.append(weights[f"{prefix}input_blocks.{i}.0.out_layers.3.weight"].shape[0])
            attention.append(has(f"input_blocks.{i}.1.norm.weight"))
        blocks[-1] += 1
    context = weights[prefix + "middle_block.1.transformer_blocks.0.attn2.to_k.weight"].shape[1]
    return dict(levels=tuple(levels), attention=tuple(attention), blocks=blocks[0], context=context)


def shapes(weights):
    width = lambda i: weights[f"{AUTOENCODER}encoder.down.{i}.block.0.conv1.weight"].shape[0]
    table = weights[TEXT + "embeddings.token_embedding.weight"]
    return dict(
        unet=unet_shape(weights, UNET),
        vae=dict(widths=tuple(map(width, range(count(weights, AUTOENCODER + "encoder.down.(N).")))),
                 blocks=count(weights, AUTOENCODER + "encoder.down.0.block.(N).")),
        text=dict(dim=table.shape[1], vocabulary=table.shape[0], layers=count(weights, TEXT + "encoder.layers.(N)."),
                  hidden=weights[TEXT + "encoder.layers.0.mlp.fc1.weight"].shape[0]))


def load_checkpoint(path):
    """-> Checkpoint in float32 without gradients"""
    weights = load_file(path)
    net = Checkpoint(**shapes(weights))
    weights.pop(TEXT + "embeddings.position_ids")
    net.load_state_dict({k: v.float() for k, v in weights.items()})
    return net.eval().requires_grad_(False)


def load_controlnet(path):
    weights = {k.removeprefix("control_model."): v.float() for k, v in load_file(path).items()}
    net = ControlNet(**unet_shape(weights, ""))
    net.load_state_dict(weights)
    return net.eval().requires_grad_(False)
