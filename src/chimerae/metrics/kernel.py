"""Kernel distance of two sets of features.

Source: Binkowski et al. 2018 (arXiv 1801.01401), section 4. It is called KID only where the features are
those of the Inception network of 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.errors import InputError

SUBSETS: Final = 100
SUBSET: Final = 1_000
"""Subsets drawn of either set, and images in each; all images where there are fewer."""
WHOLE: Final = 4_000
"""Most images of either kind for which kernels of all pairs are computed once, for all subsets."""


def kernel_distance(real: Tensor, made: Tensor) -> tuple[float, float | None]:
    """Mean and deviation over subsets of the unbiased squared MMD of `real` `[n, d]` and `made` `[m, d]`.

    The kernel is `(a . b / d + 1)^3`. Values can fall below 0 by chance. The subsets are drawn with a fixed
    seed; if all images form a single one, the deviation is None.

    Raises:
        InputError: fewer than two of either.
    """
    size = min(SUBSET, len(real), len(made))
    if size < 2:
        raise InputError(f"it needs two images or more of either kind, not {size}")
    if size == len(real) == len(made):
        return float(squared_mmd(real.double(), made.double())), None
    g = noise.generator("kernel distance")
    subsets = [(_some(real, size, g), _some(made, size, g)) for _ in range(SUBSETS)]
    if max(len(real), len(made)) <= WHOLE:
        values = _of_whole_kernels(real.double(), made.double(), subsets)
    else:
        values = torch.stack([squared_mmd(real[i].double(), made[j].double()) for i, j in subsets])
    return float(values.mean()), float(values.std(correction=0))


def _of_whole_kernels(real: Tensor, made: Tensor, subsets: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """`squared_mmd` of each of the subsets, given by their rows, `[subsets]`, from kernels of all rows."""
    n = len(subsets[0][0])
    u, v = (
        _chosen(rows, len(kind)) for rows, kind in zip(zip(*subsets, strict=True), (real, made), strict=True)
    )
    within = torch.zeros(len(subsets), dtype=torch.float64)
    for chosen, rows in ((u, real), (v, made)):
        k = _kernel(rows, rows)
        within += (chosen @ k.fill_diagonal_(0.0) * chosen).sum(1)
    return within / (n * (n - 1)) - 2.0 * (u @ _kernel(real, made) * v).sum(1) / n**2


def _chosen(subsets: Sequence[Tensor], n: int) -> Tensor:
    """1 where a subset has a row, else 0: `[subsets, n]` float64."""
    return torch.zeros(len(subsets), n, dtype=torch.float64).scatter_(1, torch.stack(list(subsets)), 1.0)


def squared_mmd(a: Tensor, b: Tensor) -> Tensor:
    """The unbiased estimate from as many rows of `a` as of `b` `[n, d]`, float64, a scalar."""
    n = len(a)
    within = sum(k.sum() - k.diagonal().sum() for k in (_kernel(a, a), _kernel(b, b)))
    return within / (n * (n - 1)) - 2.0 * _kernel(a, b).mean()


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.T / a.shape[1] + 1.0) ** 3


def _some(rows: Tensor, size: int, g: torch.Generator) -> Tensor:
    return torch.randperm(len(rows), generator=g)[:size]
