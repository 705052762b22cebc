"""Writes upscaler_<kind>.safetensors: small networks with random weights, a picture and what becomes of it. upscaler_compact_x1.pth holds one
of them as training leaves it behind, with other weights under "params".

  python upscalers.py    # PyTorch 2.15 CPU float32, the architectures of spandrel 0.4.2

The weights lie in float16 under the names of published files, beside reference.in and reference.out.
"""

import torch
from safetensors.torch import save_file
import spandrel.architectures.__arch_helpers.block as blocks
from spandrel.architectures.Compact import Compact
from spandrel.architectures.ESRGAN import ESRGAN
from spandrel.architectures.PLKSR.__arch.RealPLKSR import RealPLKSR
from spandrel.architectures.SPAN import SPAN

rrdb = blocks.RRDB
blocks.RRDB = lambda **settings: rrdb(**settings | {"gc": 4})  # 32 everywhere else

torch.manual_seed(7)
NETWORKS = {
    "compact": Compact(num_feat=4, num_conv=2, upscale=2),
    "compact_x1": Compact(num_feat=4, num_conv=1, upscale=1),
    "esrgan_plus": ESRGAN(num_filters=4, num_blocks=2, scale=8, plus=True),
    "esrgan_x1": ESRGAN(num_filters=4, num_blocks=1, scale=1),
    "realplksr": RealPLKSR(dim=8, n_blocks=2, upscaling_factor=2, kernel_size=5),
    "realplksr_layer_norm": RealPLKSR(dim=8, n_blocks=1, upscaling_factor=3, kernel_size=5, use_ea=False, layer_norm=True),
    "span": SPAN(num_in_ch=3, num_out_ch=3, feature_channels=4, upscale=2),
    "span_no_norm": SPAN(num_in_ch=3, num_out_ch=3, feature_channels=4, upscale=1, norm=False),
}

for name, net in NETWORKS.items():
    net.eval()
    kept = {k: v for k, v in net.state_dict().items() if ".eval_conv." not in k}
    for v in kept.values():
        # Slopes and normalisations away from their neutral values; float16 holds every value exactly.
        v.copy_((v + 0.1 * torch.randn(v.shape)).half().float())
    x = torch.rand(1, 3, 6, 9).half().float()
    with torch.no_grad():
        y = net(x.clone())
    save_file(
        {k: v.half().contiguous() for k, v in kept.items()} | {"reference.in": x.contiguous(), "reference.out": y.contiguous()},
        f"upscaler_{name}.safetensors",
    )
    if name == "compact_x1":
        torch.save({"params": {k: v * 0 for k, v in kept.items()}, "params_ema": kept}, f"upscaler_{name}.pth")
