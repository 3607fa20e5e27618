"""Penalties on the gradient of a critic."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from chimerae import noise


def gradient_penalty(critic: Callable[[Tensor], Tensor], x: Tensor, x_fake: Tensor) -> Tensor:
    """`(||grad c(u)|| - 1)^2` at `u = x + a (x_fake - x)`, `a ~ U(0, 1)` one number per sample, `[B]`.

    The norm is taken over all values of a sample, so the critic must treat samples independently (no
    BatchNorm). Source: Gulrajani et al. 2017 (WGAN-GP), equation 3.
    """
    a = noise.uniform(len(x), like=x).view(-1, *[1] * (x.dim() - 1))
    u = torch.lerp(x.detach(), x_fake.detach(), a).requires_grad_()
    (slope,) = torch.autograd.grad(critic(u).sum(), u, create_graph=True)
    norm = (slope.float().flatten(1).square().sum(1) + 1e-12).sqrt()
    return (norm - 1.0).square()
