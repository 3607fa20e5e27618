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


def squared_slope(c: Tensor, x: Tensor) -> Tensor:
    """`||grad c(x)||^2`, `[B]`, of a critic's answers `c` `[B]` at the leaf `x` they were computed from (R1).

    The critic must treat samples independently. Source: Mescheder et al. 2018, without its factor 1/2.

    >>> x = torch.ones(2, 3, requires_grad=True)
    >>> squared_slope(2.0 * x.sum(1), x).tolist()
    [12.0, 12.0]
    """
    (slope,) = torch.autograd.grad(c.sum(), x, create_graph=True)
    return slope.float().flatten(1).square().sum(1)
