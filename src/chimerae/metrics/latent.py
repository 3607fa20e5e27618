"""Codes: their likeness, together, to the prior, and the information of each on its sample.

Codes are `[n, z]` in units of the prior's deviation; everything is computed in float64.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Generator, Tensor

MOST: Final = 2_000
"""Codes on either side of a kernel distance, which is computed over all pairs."""
PERMUTATIONS: Final = 200
NEIGHBOURS: Final = 10
"""Nearest codes whose samples predict that of another code."""
RARE: Final = 0.8
"""First coordinate of `folded` above which a code of a point is clearly positive or clearly negative."""


def kernel(a: Tensor, b: Tensor) -> Tensor:
    """Inverse multiquadratics `C / (C + ||a_i - b_j||^2)` `[n, m]` with `C = 2 z`, the expected squared
    distance of two prior draws (Tolstikhin et al. 2018).
    """
    c = 2.0 * a.shape[1]
    return torch.cdist(a.double(), b.double()).square_().add_(c).reciprocal_().mul_(c)


def prior_mmd(codes: Tensor, prior: Tensor) -> float:
    """Unbiased estimate of the squared kernel distance (MMD) between two sets `[n, z]`; about 0, and at times
    below, when both are drawn alike.

    >>> far = torch.full((4, 2), 100.0)
    >>> round(prior_mmd(far, torch.zeros(4, 2)), 3)
    2.0
    """
    x = torch.cat([codes, prior])
    signs = torch.ones(len(x), 1, dtype=torch.float64, device=x.device)
    signs[len(codes) :] = -1
    return float(_mmd(kernel(x, x), signs))


def prior_test(codes: Tensor, prior: Tensor, seed: int) -> float:
    """p-value of the two-sample test of `codes` against `prior` (both `[n, z]`), in (0, 1].

    It is the share of permutations of both sets, the given order among them, with a kernel distance at least
    as large (Gretton et al. 2012, JMLR 13, section 5). Small: the aggregate posterior is not the prior.
    """
    x = torch.cat([codes, prior])
    k = kernel(x, x)
    generator = Generator().manual_seed(seed)
    signs = torch.ones(len(x), PERMUTATIONS + 1, dtype=torch.float64)
    signs[len(codes) :, 0] = -1
    for i in range(1, PERMUTATIONS + 1):
        signs[torch.randperm(len(x), generator=generator)[len(codes) :], i] = -1
    values = _mmd(k, signs.to(k.device))
    return float((values >= values[0] - 1e-12).double().mean())


def code_information(codes: Tensor, samples: Tensor) -> float:
    """Share of the variance of `samples` `[n, ...]` that their `codes` `[n, z]` explain, in [0, 1].

    Every sample is predicted by the mean of the samples with the 10 nearest codes, which assumes no form of
    the relation. The share is `1 - error / (variance (1 + 1/10))`; the denominator is the error of codes
    without information. It is 0 for a collapsed posterior. Neighbours are poor in many dimensions, so this is
    an estimate from below.
    """
    x = samples.flatten(1).double()
    distance = torch.cdist(codes.double(), codes.double()).fill_diagonal_(torch.inf)
    k = min(NEIGHBOURS, len(x) - 1)
    predicted = x[distance.topk(k, largest=False).indices].mean(1)
    error, variance = (x - predicted).square().mean(), (x - x.mean(0)).square().mean()
    return float((1 - error / (variance * (1 + 1 / k))).clamp(0, 1)) if variance > 0 else 0.0


def both_signs(samples: Tensor, resampled: Tensor) -> float:
    """Twice the share of the rarer sign among the codes of a point of `folded`, in [0, 1], mean over points
    with a first coordinate above 0.8. The true posterior has 1, a posterior with one mode about 0.

    `samples` `[n, 2]`, `resampled` `[m, draws, z]` of the first m of them; 0 when no point is that far.
    """
    positive = (resampled[:, :, 0] > 0).double().mean(1)[samples[: len(resampled), 0] > RARE]
    return float(2 * torch.minimum(positive, 1 - positive).mean()) if len(positive) else 0.0


def _mmd(k: Tensor, signs: Tensor) -> Tensor:
    """Unbiased squared MMD of two equal halves of a pooled set with kernel `k` `[2n, 2n]`, one per column of
    `signs` `[2n, p]`, which is 1 for the first half and -1 for the other.
    """
    n = len(k) // 2
    total, diagonal = k.sum(), k.diagonal().sum()
    difference = (signs * (k @ signs)).sum(0)
    same, cross = (total + difference) / 2, (total - difference) / 2
    return (same - diagonal) / (n * (n - 1)) - cross / n**2
