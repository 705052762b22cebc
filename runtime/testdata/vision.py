"""Writes vision_<kind>.safetensors: small vision transformers with random weights, pictures and what the networks say about them.

  python vision.py    # transformers 4.57.1, PyTorch 2.15 CPU float32

The weights lie in float16 under the names of published files, beside reference.*: pixels (normalised), embeds, last and penultimate; smaller.pixels
and smaller.embeds for pictures of another side than the position table's; for CLIP also tokens, end (places of the end token) and text.
"""

import torch
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel, Dinov2Config, Dinov2Model, Dinov2WithRegistersConfig, Dinov2WithRegistersModel

torch.manual_seed(3)
DINO = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 1, "mlp_ratio": 2, "image_size": 20, "patch_size": 4, "layerscale_value": 0.7}


def randomise(net):
    net.eval()
    state = net.state_dict()
    for name, v in state.items():
        if v.is_floating_point():
            base = v if "norm" in name or "lambda" in name else torch.zeros_like(v)
            v.copy_((base + 0.15 * torch.randn(v.shape)).half().float())
    return {k: v.half().contiguous() for k, v in state.items() if v.is_floating_point()}


def dino(name, net):
    weights = randomise(net)
    x, small = torch.randn(2, 3, 20, 20), torch.randn(1, 3, 12, 12)
    with torch.no_grad():
        y = net(x, output_hidden_states=True)
        s = net(small)
    reference = {
        "reference.pixels": x, "reference.embeds": y.pooler_output, "reference.last": y.last_hidden_state,
        "reference.penultimate": y.hidden_states[-2], "reference.smaller.pixels": small, "reference.smaller.embeds": s.pooler_output,
    }
    save_file(weights | {k: v.contiguous() for k, v in reference.items()}, f"vision_{name}.safetensors")


def clip(name):
    tower = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 1, "projection_dim": 32}
    net = CLIPModel(CLIPConfig(
        text_config=tower | {"vocab_size": 50, "max_position_embeddings": 9, "eos_token_id": 49, "bos_token_id": 48, "pad_token_id": 49},
        vision_config=tower | {"image_size": 24, "patch_size": 8}, projection_dim=32,
    ))
    weights = randomise(net)
    x = torch.randn(2, 3, 24, 24)
    tokens = torch.tensor([[48, 5, 7, 49, 49, 49, 49, 49, 49], [48, 1, 2, 3, 4, 5, 6, 7, 49]])
    with torch.no_grad():
        y = net.vision_model(x, output_hidden_states=True)
        embeds = net.get_image_features(x)
        text = net.get_text_features(tokens)
    reference = {
        "reference.pixels": x, "reference.embeds": embeds, "reference.last": y.last_hidden_state, "reference.penultimate": y.hidden_states[-2],
        "reference.tokens": tokens.float(), "reference.end": torch.tensor([3.0, 8.0]), "reference.text": text,
    }
    save_file(weights | {k: v.contiguous() for k, v in reference.items()}, f"vision_{name}.safetensors")


clip("clip")
dino("dinov2", Dinov2Model(Dinov2Config(**DINO)))
dino("dinov2_swiglu", Dinov2Model(Dinov2Config(**DINO | {"use_swiglu_ffn": True, "num_hidden_layers": 1})))
dino("dinov2_registers", Dinov2WithRegistersModel(Dinov2WithRegistersConfig(**DINO | {"num_register_tokens": 3, "num_hidden_layers": 1})))
