"""Paths between codes."""

from __future__ import annotations

import torch
from torch import Tensor

PARALLEL = 1e-4
"""Sine of the angle below which two codes have no arc between them."""


def interpolate(a: Tensor, b: Tensor, steps: int) -> Tensor:
    """Codes on the way from `a` `[n, d]` to `b` `[n, d]`, both ends included: `[n, steps, d]`.

    Directions go along the great circle, lengths linearly, so that codes on the way are as long as prior
    draws; where there is no arc (d = 1, one end opposite to the other, or zero) the way is straight.

    >>> interpolate(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 3.0]]), 3).round(decimals=3)
    tensor([[[1.0000, 0.0000],
             [1.4140, 1.4140],
             [0.0000, 3.0000]]])
    """
    t = torch.linspace(0.0, 1.0, steps, dtype=a.dtype, device=a.device)[None, :, None]
    a, b = a[:, None], b[:, None]
    lengths = torch.stack([a.norm(dim=2, keepdim=True), b.norm(dim=2, keepdim=True)])
    tiny = torch.finfo(a.dtype).tiny
    u, v = a / lengths[0].clamp(min=tiny), b / lengths[1].clamp(min=tiny)
    angle = torch.acos((u * v).sum(2, keepdim=True).clamp(-1.0, 1.0))
    sine = angle.sin()
    arc = (torch.sin((1 - t) * angle) * u + torch.sin(t * angle) * v) / sine.clamp(min=tiny)
    bent = arc * ((1 - t) * lengths[0] + t * lengths[1])
    return torch.where((sine > PARALLEL) & (lengths > 0).all(0), bent, (1 - t) * a + t * b)
