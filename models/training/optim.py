"""Muon for hidden matrices and convolution kernels, AdamW for everything else: about half the steps of AdamW alone on this network.

Muon (Jordan 2024, https://kellerjordan.github.io/posts/muon): the momentum of a matrix is orthogonalised by a Newton-Schulz iteration.
"""
import torch


@torch.no_grad()
def orthogonalise(g, iterations=4):
    x = g / (g.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    for _ in range(iterations):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if tall else x


class MuonAdam:
    """named: (name, parameter) pairs; names that contain a part listed in adam_only are left to AdamW."""

    def __init__(self, named, lr, adam_only=(), momentum=0.95, decay=1e-3):
        named = list(named)

        def hidden(name, p):
            return p.ndim >= 2 and min(p.shape[0], p[0].numel()) >= 16 and not any(part in name for part in adam_only)

        self.matrices = [p for name, p in named if hidden(name, p)]
        self.momenta = [torch.zeros_like(p) for p in self.matrices]
        self.adam = torch.optim.AdamW([p for name, p in named if not hidden(name, p)], lr, betas=(0.9, 0.98), weight_decay=0.0)
        self.adam_lr, self.muon_lr = lr, 1.3 * lr
        self.momentum, self.decay = momentum, decay

    def zero_grad(self):
        for p in self.matrices:
            p.grad = None
        self.adam.zero_grad()

    @torch.no_grad()
    def step(self, factor):
        """factor: what the schedule multiplies both learning rates by"""
        for group in self.adam.param_groups:
            group["lr"] = self.adam_lr * factor
        self.adam.step()
        lr = self.muon_lr * factor
        for p, m in zip(self.matrices, self.momenta):
            m.lerp_(p.grad, 1 - self.momentum)
            g = p.grad.lerp(m, self.momentum).reshape(p.shape[0], -1)
            update = orthogonalise(g) * (0.2 * max(g.shape) ** 0.5)
            p.mul_(1 - lr * self.decay).sub_(update.view_as(p), alpha=lr)

    def state_dict(self):
        return {"adam": self.adam.state_dict(), "momenta": self.momenta}

    def load_state_dict(self, state):
        self.adam.load_state_dict(state["adam"])
        for mine, saved in zip(self.momenta, state["momenta"]):
            mine.copy_(saved)
