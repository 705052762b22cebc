"""DPM-Solver++(2M) on the noise schedule of SD 1.x, one guided prediction a step (Lu et al. 2022, arXiv:2211.01095)."""
import numpy as np
import torch


def alphas_cumprod():
    """[1000], the scaled-linear schedule of SD 1.x"""
    betas = torch.linspace(0.00085 ** 0.5, 0.012 ** 0.5, 1000, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, 0).float()


ALPHAS = alphas_cumprod()


def noisy(latent, noise, timesteps):
    """the latent at each of the timesteps [B]"""
    alpha = ALPHAS[timesteps][:, None, None, None]
    return alpha.sqrt() * latent + (1 - alpha).sqrt() * noise


def sigma_table(steps):
    """-> (timesteps 999..0 at equal distances, noise levels with a last 0)"""
    timesteps = np.linspace(999, 0, steps)
    sigmas = np.interp(timesteps, np.arange(1000), ((1 - ALPHAS) / ALPHAS).sqrt().numpy())
    return timesteps, np.append(sigmas, 0.0)


@torch.no_grad()
def sample(predict, noise, steps=20):
    """predict(latent scaled as in training, timestep, step from 1) -> epsilon; noise ~ N(0,1). -> the final latent"""
    timesteps, sigmas = sigma_table(steps)
    x, old = noise * float(sigmas[0] ** 2 + 1) ** 0.5, None
    for i in range(steps):
        now, then = float(sigmas[i]), float(sigmas[i + 1])
        clean = x - now * predict(x / (now * now + 1) ** 0.5, timesteps[i], i + 1)
        if then == 0:
            return clean
        h, d = np.log(now / then), clean
        if old is not None:
            ratio = np.log(float(sigmas[i - 1]) / now) / h
            d = (1 + 1 / (2 * ratio)) * clean - old / (2 * ratio)
        x, old = (then / now) * x - float(np.expm1(-h)) * d, clean
    return x
