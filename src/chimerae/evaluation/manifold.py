"""Images of codes on a plane, made by the network that generates."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.evaluation.seeded_codec import SeededCodec

SIDE: Final = 10
"""Images in a row and in a column."""


def manifold(codec: SeededCodec, directions: Tensor | None = None) -> Tensor:
    """Images `[100, C, H, W]` in [0, 1] of codes on a plane, row by row (one row `[10, ...]` for codes of one
    dimension).

    Along both axes codes lie at evenly spaced quantiles of the normal distribution (Kingma and Welling 2013,
    figure 4). The axes are those of a code of two dimensions. For more dimensions, they are `directions`
    `[z, 2]` (orthonormal; default: the first two axes). All other dimensions come from one draw from the
    prior, because codes near zero are unlike any draw.
    """
    d = codec.method.z_dim
    at = torch.special.ndtri((torch.arange(SIDE, dtype=torch.float64) + 0.5) / SIDE).float()
    if d == 1:
        return _decoded(codec, at[:, None])
    down, right = torch.meshgrid(at, at, indexing="ij")
    steps = torch.stack([right.flatten(), down.flatten()], 1)  # [100, 2]
    axes = torch.eye(d)[:, :2] if directions is None else directions
    if d == 2:
        return _decoded(codec, steps)
    rest = torch.randn(d, generator=noise.generator("evaluation", codec.seed, "manifold"))
    rest = rest - axes @ (axes.T @ rest)
    return _decoded(codec, rest + steps @ axes.T)


def _decoded(codec: SeededCodec, z: Tensor) -> Tensor:
    """Images by the last network, which generates; every code has the same noise and label beside it."""
    extra = codec.prior(0, 1)[:, codec.method.z_dim :].expand(len(z), -1)
    made = codec.decode_all(torch.cat([z.to(extra.device), extra], 1))
    return list(made.values())[-1].cpu()
