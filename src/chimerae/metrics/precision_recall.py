"""Measures of neighbourhoods of features: precision, recall, density, coverage.

Sources: Kynkaanniemi et al. 2019 (arXiv 1904.06991), equations 1 and 2, for precision and recall with k = 3;
Naeem et al. 2020 (arXiv 2002.09797), equations 3 and 4, for density and coverage with k = 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from chimerae.errors import InputError

K_PRECISION: Final = 3
K_DENSITY: Final = 5
ROWS: Final = 500
"""Images whose distances to all others are held at a time."""


@dataclass(frozen=True)
class Neighbourhoods:
    """Shares of one set that lie among another; each is near 1 for images among others of the same data."""

    precision: float
    """Share of samples inside some ball around an image, whose radius reaches its third neighbour."""
    recall: float
    """Share of images inside some such ball around a sample."""
    density: float
    """Balls around images (fifth neighbour) that hold a sample, over five, mean over samples; can pass 1."""
    coverage: float
    """Share of images whose ball (fifth neighbour) holds a sample."""


def neighbourhoods(real: Tensor, made: Tensor) -> Neighbourhoods:
    """The neighbourhoods of features `made` `[m, d]` and `real` `[n, d]`.

    Raises:
        InputError: fewer than six of either.
    """
    fewest = min(len(real), len(made))
    if fewest <= K_DENSITY:
        raise InputError(f"it needs more than {K_DENSITY} images of either kind, not {fewest}")
    of_real, of_made = _radii(real), _radii(made)
    inside, counts = [], []
    reached = torch.zeros(len(real), dtype=torch.bool)
    covered = torch.zeros(len(real), dtype=torch.bool)
    for start in range(0, len(made), ROWS):
        part = slice(start, start + ROWS)
        far = torch.cdist(made[part], real)  # [rows, n]
        inside.append((far <= of_real[0]).any(1))
        counts.append((far < of_real[1]).sum(1))
        reached |= (far <= of_made[0][part, None]).any(0)
        covered |= (far < of_real[1]).any(0)
    return Neighbourhoods(
        precision=_share(torch.cat(inside)),
        recall=_share(reached),
        density=float(torch.cat(counts).double().mean() / K_DENSITY),
        coverage=_share(covered),
    )


def _radii(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Distance of every row to its third and to its fifth neighbour, itself left out, `[n]` each."""
    found = []
    for start in range(0, len(rows), ROWS):
        far = torch.cdist(rows[start : start + ROWS], rows)
        here = torch.arange(len(far))
        far[here, start + here] = -1.0  # itself comes first, despite rounding
        found.append(far.topk(K_DENSITY + 1, largest=False).values)
    nearest = torch.cat(found)
    return nearest[:, K_PRECISION], nearest[:, K_DENSITY]


def _share(among: Tensor) -> float:
    return float(among.double().mean())
