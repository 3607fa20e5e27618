"""Ways from one code to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor


def lerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """The straight line from `a` to `b` `[B, z]` at `t` in [0, 1]."""
    return torch.lerp(a, b, t)


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """The great circle from `a` to `b` `[B, z]` at `t` in [0, 1], lengths changing evenly (Shoemake 1985).

    >>> slerp(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), 0.5)
    tensor([[0.7071, 0.7071]])
    """
    length_a, length_b = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    unit_a, unit_b = a / length_a.clamp(min=1e-12), b / length_b.clamp(min=1e-12)
    angle = (unit_a * unit_b).sum(1, keepdim=True).clamp(-1.0, 1.0).acos()
    arc = (((1 - t) * angle).sin() * unit_a + (t * angle).sin() * unit_b) / angle.sin().clamp(min=1e-12)
    turned = arc * torch.lerp(length_a, length_b, t)
    parallel = (angle.sin() < 1e-4) | (a.shape[1] == 1)
    return torch.where(parallel, torch.lerp(a, b, t), turned)


PATHS: Mapping[str, Callable[[Tensor, Tensor, float], Tensor]] = {"spherical": slerp, "linear": lerp}
