"""Checks for samples that are all alike or far from all data: some metrics are meaningless for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

ALIKE: Final = 0.02
"""Images count as alike when their summed variance is below this share of the data's (as in `docs/health.md`;
untrained networks have 1e-7 to .02).
"""
ONE_POINT: Final = 1e-6
"""The same for points; a single mode of a toy is far above this share."""


@dataclass
class Variety:
    """Number, sums and sums of squares of samples: enough for their variance."""

    n: int = 0
    total: Tensor | float = 0.0
    squares: Tensor | float = 0.0

    def add(self, samples: Tensor) -> None:
        """Take in samples `[B, ...]`."""
        rows = samples.flatten(1).cpu().double()
        self.total = self.total + rows.sum(0)
        self.squares = self.squares + rows.square().sum(0)
        self.n += len(rows)

    @property
    def variance(self) -> float:
        """Variance over the samples, summed over their values; 0 for fewer than two.

        >>> variety = Variety()
        >>> variety.add(torch.tensor([[0.0, 1.0], [2.0, 1.0]]))
        >>> variety.variance
        1.0
        """
        if self.n < 2:
            return 0.0
        spread = torch.as_tensor(self.squares / self.n - (self.total / self.n) ** 2)
        return float(spread.clamp(min=0.0).sum())


def variance_of(samples: Tensor) -> float:
    """`Variety.variance` of samples `[n, ...]`."""
    variety = Variety()
    variety.add(samples)
    return variety.variance


def alike(made: float, real: float, n: int, *, below: float = ALIKE) -> str:
    """The reason why a metric of variety is absent, or '' when the samples vary.

    Args:
        made: summed variance of `n` samples.
        real: summed variance of the data.
        n: number of samples.
        below: share of `real` below which samples count as alike.

    >>> alike(0.01, 2.0, 180), alike(1.0, 2.0, 180), alike(0.0, 2.0, 1)
    ("its 180 samples are alike (variance 0.5% of the data's)", '', '')
    """
    if n < 2 or made >= below * real:
        return ""
    share = f"{made / real:.1%}" if made >= 0.001 * real else "under 0.1%"
    return f"its {n} samples are alike (variance {share} of the data's)"


def outside(made: Tensor, test: Tensor) -> str:
    """The reason to skip the search for copies, or '' when enough samples are near the data.

    `made` `[n, k]` and `test` `[m, k]` are distances to the k nearest training images in grey levels, of
    samples and of test images. Samples are outside when half of them or more are farther from their nearest
    training image than every test image is. Noise and grey images, for example, are never copies.

    >>> outside(torch.tensor([[96.0], [97.0], [98.0]]), torch.tensor([[30.0], [60.0]]))[:54]
    'its samples lie outside the data (their nearest traini'
    >>> outside(torch.tensor([[20.0], [97.0], [40.0]]), torch.tensor([[30.0], [60.0]]))
    ''
    """
    if not made.numel() or not test.numel():
        return ""
    middle, farthest = float(made[:, 0].median()), float(test[:, 0].max())
    if middle <= farthest:
        return ""
    return (
        f"its samples lie outside the data (their nearest training image is {middle:.0f} grey levels away, "
        f"that of every test image at most {farthest:.0f}): none can be a copy"
    )
