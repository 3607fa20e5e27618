"""Interpolation between codes, spherical or linear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor

Walk = Literal["spherical", "linear"]

PARALLEL = 1e-4
"""Sine of the angle below which two codes have no arc between them."""


def linear(a: Tensor, b: Tensor, steps: int) -> Tensor:
    """Interpolate linearly from `a` to `b` (each `[n, d]`), both ends included: `[n, steps, d]`.

    >>> linear(torch.zeros(1, 1), torch.ones(1, 1), 3).flatten().tolist()
    [0.0, 0.5, 1.0]
    """
    return torch.lerp(a[:, None], b[:, None], _places(a, steps))


def spherical(a: Tensor, b: Tensor, steps: int) -> Tensor:
    """Interpolate spherically from `a` to `b` (each `[n, d]`), both ends included: `[n, steps, d]`.

    Directions follow the great circle (Shoemake 1985) and lengths change linearly, so that codes between are
    as long as prior draws. Where there is no arc (d = 1, opposite ends, or zero) the path is linear.

    >>> spherical(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 3.0]]), 3).round(decimals=3)
    tensor([[[1.0000, 0.0000],
             [1.4140, 1.4140],
             [0.0000, 3.0000]]])
    """
    t = _places(a, steps)
    a, b = a[:, None], b[:, None]
    lengths = torch.stack([a.norm(dim=2, keepdim=True), b.norm(dim=2, keepdim=True)])
    tiny = torch.finfo(a.dtype).tiny
    u, v = a / lengths[0].clamp(min=tiny), b / lengths[1].clamp(min=tiny)
    angle = torch.acos((u * v).sum(2, keepdim=True).clamp(-1.0, 1.0))
    sine = angle.sin()
    arc = (torch.sin((1 - t) * angle) * u + torch.sin(t * angle) * v) / sine.clamp(min=tiny)
    bent = arc * torch.lerp(lengths[0], lengths[1], t)
    return torch.where((sine > PARALLEL) & (lengths > 0).all(0), bent, torch.lerp(a, b, t))


WALKS: Mapping[Walk, Callable[[Tensor, Tensor, int], Tensor]] = {"spherical": spherical, "linear": linear}


def _places(a: Tensor, steps: int) -> Tensor:
    return torch.linspace(0.0, 1.0, steps, dtype=a.dtype, device=a.device)[None, :, None]
