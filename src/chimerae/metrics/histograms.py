"""Divergences of the points of a model from a two-dimensional toy density, by histograms.

Published units: those of the toy tables of the Soft-IntroVAE and AS-IntroVAE papers (arXiv 2012.13253,
2206.13903), sums over the cells of normalised *densities* divided by the number of rows. Textbook
units: nats. Points are `[n, 2]`, limits the edges `(low, high)` of a square on both axes, histograms
`[100, 100]` float64.
"""

from __future__ import annotations

from math import log
from typing import Final

import torch
from torch import Tensor

from chimerae.errors import InputError

BINS: Final = 100
POINTS: Final = 5000
"""Points on either side in the published numbers. The value depends on it: more points, fewer empty cells."""
FLOOR: Final = 1e-14

Limits = tuple[float, float]


def cell_area(limits: Limits) -> float:
    """Area of one of the 100x100 cells.

    >>> round(cell_area((-2.0, 2.0)), 6)
    0.0016
    """
    low, high = limits
    return ((high - low) / BINS) ** 2


def counts(points: Tensor, limits: Limits) -> Tensor:
    """Number of points in each cell, `[100, 100]`; those outside the limits, or not finite, are left out.

    >>> int(counts(torch.tensor([[0.0, 0.0], [9.0, 0.0], [2.0, 2.0]]), (-2.0, 2.0)).sum())
    2
    """
    points = points.double()
    low, high = limits
    inside = ((points >= low) & (points <= high)).all(1)
    index = ((points[inside] - low) / (high - low) * BINS).long().clamp(max=BINS - 1)
    cells = torch.bincount(index[:, 0] * BINS + index[:, 1], minlength=BINS * BINS)
    return cells.double().reshape(BINS, BINS)


def densities(real: Tensor, fake: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
    """Histograms of both sets, each normalised over its points inside the limits: `h`, `g` `[100, 100]`.

    A `fake` without any point inside counts as a single point in the emptiest cell of `real`, which gives the
    values of a missed target.

    Raises:
        InputError: fewer points than the protocol needs, or no real point inside.
    """
    if min(len(real), len(fake)) < POINTS:
        few = min(len(real), len(fake))
        raise InputError(
            f"{few} points are too few: these units need {POINTS} real and {POINTS} generated ones"
        )
    h, g = counts(real[:POINTS], limits), counts(fake[:POINTS], limits)
    if h.sum() == 0:
        raise InputError(f"no real point lies inside the square {limits}; give limits that hold the density")
    if g.sum() == 0:
        g.view(-1)[h.argmin()] = 1.0
    area = cell_area(limits)
    return h / (h.sum() * area), g / (g.sum() * area)


def kl_published(real: Tensor, fake: Tensor, limits: Limits) -> float:
    """KL(real || fake) in published units: `1/100 sum h (log h - log(g + 1e-14))`.

    On the square of side 4 it is 6.25 times the KL in nats, and 220.2 when everything is missed.
    """
    h, g = densities(real, fake, limits)
    return _published(h, g)


def jsd_published(real: Tensor, fake: Tensor, limits: Limits) -> float:
    """JSD in published units: mean of KL(m || real) and KL(m || fake), `m` the mixture.

    The arguments are swapped against the definition, so log 2 is no bound.
    """
    h, g = densities(real, fake, limits)
    m = (h + g) / 2
    return 0.5 * (_published(m, h) + _published(m, g))


def kl_nats(real: Tensor, fake: Tensor, limits: Limits) -> float:
    """KL(real || fake) in nats over the cells and one more for all points outside; `fake` is floored."""
    p, q = _probabilities(real, limits), _probabilities(fake, limits)
    return float((torch.xlogy(p, p) - p * (q + FLOOR * cell_area(limits)).log()).sum())


def jsd_nats(real: Tensor, fake: Tensor, limits: Limits) -> float:
    """Jensen-Shannon divergence in nats, in [0, log 2], over the cells and one more for those outside."""
    p, q = _probabilities(real, limits), _probabilities(fake, limits)
    m = (p + q) / 2
    value = 0.5 * (torch.xlogy(p, p) + torch.xlogy(q, q)).sum() - torch.xlogy(m, m).sum()
    return min(max(float(value), 0.0), log(2.0))


def _published(a: Tensor, b: Tensor) -> float:
    return float((torch.xlogy(a, a) - a * (b + FLOOR).log()).sum() / BINS)


def _probabilities(points: Tensor, limits: Limits) -> Tensor:
    inside = counts(points, limits).flatten()
    outside = len(points) - inside.sum(0, keepdim=True)
    return torch.cat([inside, outside]) / len(points)
