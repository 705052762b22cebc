"""Writes lightning.ckpt and lightning-legacy.ckpt: what a trainer saves beside weights. PyTorch 2.12, numpy 2."""
import collections
import sys
import types

import numpy as np
import torch

name = "pytorch_lightning.callbacks.model_checkpoint"
module = types.ModuleType(name)
module.ModelCheckpoint = type("ModelCheckpoint", (), {"__module__": name})
for package in ("pytorch_lightning", "pytorch_lightning.callbacks"):
    sys.modules[package] = types.ModuleType(package)
sys.modules[name] = module

weights = collections.OrderedDict()
weights["half"] = torch.arange(6, dtype=torch.float16).reshape(2, 3)
weights["f8"] = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float8_e4m3fn)
weights["bf"] = torch.nn.Parameter(torch.tensor([3.0, 4.0], dtype=torch.bfloat16))
weights["u16"] = torch.tensor([1, 65535], dtype=torch.uint16)
weights["view"] = weights["half"][1:]
saved = {
    "epoch": 3,
    "pytorch-lightning_version": "1.4.2",
    "state_dict": weights,
    "callbacks": {module.ModelCheckpoint: {"best_model_score": torch.tensor(0.5), "current": np.float64(0.25)}},
    "optimizer_states": [{"state": {0: {"step": 1, "exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 1e-4, "params": [0]}]}],
    "lr_schedulers": [],
}
torch.save(saved, "lightning.ckpt")
torch.save(saved, "lightning-legacy.ckpt", _use_new_zipfile_serialization=False)
