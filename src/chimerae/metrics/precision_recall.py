"""Kept features, and measures of their neighbourhoods: precision, recall, density, coverage.

Sources: Kynkaanniemi et al. 2019 (arXiv 1904.06991), equations 1 and 2, for precision and recall with k = 3;
Naeem et al. 2020 (arXiv 2002.09797), equations 3 and 4, for density and coverage with k = 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

import torch
from torch import Tensor

from chimerae.errors import InputError

MOST: Final = 10_000
"""Images whose features are kept; further ones are left out. Naeem et al. take as many."""
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


@dataclass(eq=False)
class FeatureBank:
    """Features of the first 10,000 images, `[n, d]`."""

    stored_as: ClassVar[str] = "Kept"

    n: int = 0
    room: Tensor | None = None
    """Room for all features, `[10000, d]`; unfilled rows take no memory."""
    _beside: dict[FeatureBank, Neighbourhoods] = field(default_factory=dict, repr=False)

    def add(self, features: Tensor) -> None:
        """Take in features `[B, d]`, as many as there is room for."""
        if self.room is None:
            self.room = torch.empty(MOST, features.shape[1])
        rows = features[: MOST - self.n]
        self.room[self.n : self.n + len(rows)] = rows
        self.n += len(rows)

    def tensors(self) -> Mapping[str, Tensor]:
        """All that it holds."""
        return {} if self.room is None else {"rows": self.room[: self.n]}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Restore what `tensors` gave, for comparison only."""
        self.room, self.n = tensors["rows"], len(tensors["rows"])

    def rows(self) -> Tensor:
        """All features, `[n, d]`, float32.

        Raises:
            InputError: there are none, or they are not finite.
        """
        if self.room is None or self.n == 0:
            raise InputError("no image was seen")
        if not bool(self.room[: self.n].isfinite().all()):
            raise InputError("features are not finite")
        return self.room[: self.n]

    def beside(self, real: FeatureBank) -> Neighbourhoods:
        """These samples among the images `real`; computed once.

        Raises:
            InputError: there are too few of either.
        """
        if real not in self._beside:
            self._beside[real] = neighbourhoods(real.rows(), self.rows())
        return self._beside[real]


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
