"""Plots of codes: on two axes beside the prior, the KL of each dimension, and a plane through the codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor

from chimerae.data import Prepared
from chimerae.evaluation.seeded_codec import SeededCodec, noise_rows, part, pieces, spread

POINTS: Final = 2000
"""Largest number of codes to show."""


@dataclass(frozen=True, kw_only=True)
class Codes:
    """Plots of the codes of test samples, as tensors."""

    points: Mapping[str, Tensor] = field(default_factory=dict)
    """Draws from prior and aggregate posterior on the same two axes, `[n, 2]`."""
    units: Tensor | None = None
    """KL of the posteriors in nats, dimension by dimension, largest first, `[z]`."""
    directions: Tensor | None = None
    """The two directions in which codes vary most, orthonormal, `[z, 2]`; None for z of 2 or less."""


def look_at_codes(codec: SeededCodec, data: Prepared, n: int | None = None) -> Codes:
    """Plots of the codes of at most `n` test samples; empty without an encoder, enough samples or finite
    codes.
    """
    if not (codec.method.encodes and codec.method.has_codes) or len(data.test) < 2 or codec.cannot_encode():
        return Codes()
    rows = spread(len(data.test), min(n or POINTS, POINTS))
    x, y, cuts = data.test.take(rows), data.test.labels_of(rows), pieces(len(rows), codec.batch_size)
    parts = (codec.described(x[a:b], a, "shown", part(y, a, b)) for a, b in cuts)
    z, _, kl = map(torch.cat, zip(*parts, strict=True))
    if not bool(z.isfinite().all() and kl.isfinite().all()):
        return Codes()
    known = z.shape[1] > 1 and codec.posterior_kind(data.test) == "density"
    prior = noise_rows(0, len(x), codec.method.z_dim, codec.seed, "prior shown")
    return Codes(
        points=_points(x, z, prior),
        units=kl.double().mean(0).sort(descending=True).values.float() if known else None,
        directions=main_directions(z, 2).float() if z.shape[1] > 2 else None,
    )


def _points(x: Tensor, z: Tensor, prior: Tensor) -> dict[str, Tensor]:
    """Prior and codes on two axes: those of the code, or the two along which the codes of data vary most.

    A code of one dimension is drawn against the main axis of the data.
    """
    if z.shape[1] == 1:
        up = _main(x.flatten(1), 1)
        return {
            "prior P_z (up: data)": torch.cat([prior, up], 1),
            "codes Q_z (up: data)": torch.cat([z, up], 1),
        }
    if z.shape[1] == 2:
        return {"prior P_z": prior, "codes Q_z": z}
    name = f", 2 of {z.shape[1]} axes"
    return {f"prior P_z{name}": _main(z, 2, prior), f"codes Q_z{name}": _main(z, 2)}


def _main(rows: Tensor, axes: int, seen: Tensor | None = None) -> Tensor:
    """`seen` (or `rows` themselves) `[n, d]` along the directions in which `rows` vary most, `[n, axes]`."""
    moved = (rows if seen is None else seen) - rows.mean(0)
    return moved.double().matmul(main_directions(rows, axes)).float()


def main_directions(rows: Tensor, axes: int) -> Tensor:
    """The directions in which `rows` `[n, d]` vary most, largest variance first, `[d, axes]`, float64."""
    x = (rows - rows.mean(0)).double()
    if x.shape[1] <= len(x):
        directions = torch.linalg.eigh(x.T @ x).eigenvectors[:, -axes:]
    else:
        directions = x.T @ torch.linalg.eigh(x @ x.T).eigenvectors[:, -axes:]
    directions = directions / directions.norm(dim=0).clamp(min=1e-12)
    signed: Tensor = directions * directions.sum(0).sign()
    return signed.flip(1)
