"""Structure of toys that histograms miss: modes, branches, and the meaning of the code."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

WITHIN: Final = 4.0
"""Largest distance of a mode's points from its centre, in deviations of the mode."""
GAP: Final = 0.5
"""Points of `avae-sine` farther than this from the curve `x2 = cos(x1)` lie on one of its two branches."""
SHARE: Final = 0.99
"""Share of the data that counts as near to the rest of them."""


def modes_covered(points: Tensor, centres: Tensor, sigma: float) -> int:
    """Number of modes with at least one point within 4 sigma of the centre.

    `points` `[n, d]`, `centres` `[k, d]`. A mode without any point is dropped, as in ALI (arXiv 1606.00704).

    >>> centres = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    >>> modes_covered(torch.tensor([[0.01, 0.0], [0.5, 0.0]]), centres, 0.05)
    1
    """
    return int(_near(points, centres, sigma).any(0).sum())


def in_modes(points: Tensor, centres: Tensor, sigma: float) -> float:
    """Share of points within 4 sigma of some centre, in [0, 1]; of a 2-d normal distribution .99966.

    >>> in_modes(torch.tensor([[0.01, 0.0], [0.5, 0.0]]), torch.tensor([[0.0, 0.0], [1.0, 0.0]]), 0.05)
    0.5
    """
    return float(_near(points, centres, sigma).any(1).double().mean())


def near_data(points: Tensor, real: Tensor) -> float:
    """Share of `points` `[n, d]` that are near some of the data `real` `[m, d]`, in [0, 1]; of the data .99.

    Near: at most as far from the nearest of the data as 99 percent of the data are from theirs. Mass between
    modes or branches lowers the share; missing modes leave it as it is.

    >>> real = torch.arange(100.0)[:, None]
    >>> near_data(torch.tensor([[3.5], [200.0]]), real)
    0.5
    """
    radius = _nearest(real, real, among=True).quantile(SHARE)
    return float((_nearest(points, real) <= radius).double().mean())


def on_branches(points: Tensor) -> float:
    """Share of points `[n, 2]` of `avae-sine` with `|x2 - cos(x1)| > 0.5`, in [0, 1]; of the data .85.

    >>> on_branches(torch.tensor([[0.0, 2.0], [0.0, 1.1]]))
    0.5
    """
    return float((_offset(points).abs() > GAP).double().mean())


def both_branches(points: Tensor) -> float:
    """Share of codes that reach both branches of `avae-sine`, in [0, 1], from `points` `[codes, draws, 2]`.

    The draws of a code differ in the noise alone; a code counts when `x2 - cos(x1)` takes both signs.

    >>> both_branches(torch.tensor([[[0.0, 2.0], [0.0, 0.0]], [[0.0, 2.0], [0.0, 1.5]]]))
    0.5
    """
    offset = _offset(points.flatten(0, 1)).reshape(points.shape[:2])
    return float(((offset > 0).any(1) & (offset < 0).any(1)).double().mean())


def rank_correlation(a: Tensor, b: Tensor) -> float:
    """Spearman's rank correlation of `a` `[n]` and `b` `[n]`, in [-1, 1]; ties share their mean rank.

    0 when either is constant or holds NaN or infinity: such values have no ranks.

    >>> round(rank_correlation(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([-1.0, -8.0, -27.0])), 6)
    -1.0
    """
    from scipy.stats import spearmanr

    if any(bool((values == values[0]).all() or not values.isfinite().all()) for values in (a, b)):
        return 0.0
    return float(spearmanr(a.double().cpu().numpy(), b.double().cpu().numpy()).statistic)


def _near(points: Tensor, centres: Tensor, sigma: float) -> Tensor:
    return torch.cdist(points.double(), centres.to(points.device).double()) <= WITHIN * sigma


def _nearest(points: Tensor, real: Tensor, *, among: bool = False) -> Tensor:
    """Distance `[n]` of each of `points` to the nearest of `real`, infinite for points that are not finite;
    with `among`, to the nearest but itself.
    """
    from scipy.spatial import KDTree

    distance = torch.full((len(points),), torch.inf, dtype=torch.float64)
    finite = points.cpu().isfinite().all(1)
    found, _ = KDTree(real.double().cpu().numpy()).query(points.cpu()[finite].double().numpy(), [1 + among])
    distance[finite] = torch.from_numpy(found[:, 0])
    return distance


def _offset(points: Tensor) -> Tensor:
    points = points.double()
    return points[:, 1] - points[:, 0].cos()
