"""Distance between the aggregate posteriors of two sets of samples, one number for the whole batch.

A squared MMD, `red k(a, a') + red k(b, b') - 2 red k(a, b)`, where k measures how much two posteriors overlap
and `red` is the mean or the sum over all pairs, a sample with itself included. Constant factors of the
kernels (powers of 2 pi) are dropped. Source: AS-IntroVAE paper, equations 3 to 6, corrected: the square
stands inside the expectation over codes, and the exponential of equation 6 is lost in print.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor

from chimerae.gaussian import Gaussian
from chimerae.parallel import average, everyone, total

Kernel = Literal["per_dim_flat", "per_dim_prior", "product_flat"]
Reduction = Literal["mean", "sum"]


def per_dim_flat(a: Gaussian, b: Gaussian) -> Tensor:
    """`sqrt(2 pi) int q_a(z_j) q_b(z_j) dz_j` of each pair and dimension, `[d, n, m]`.

    `exp(-1/2 (u - u')^2 / (l + l')) / sqrt(l + l')` with means u and variances l: the published code's.

    >>> q = Gaussian(torch.tensor([[0.0]]), torch.zeros(1, 1))
    >>> per_dim_flat(q, q)
    tensor([[[0.7071]]])
    """
    (u_a, u_b), (l_a, l_b) = _means(a, b), _variances(a, b)
    return _bump(u_a - u_b, l_a + l_b)


def per_dim_prior(a: Gaussian, b: Gaussian) -> Tensor:
    """`2 pi int q_a(z_j) q_b(z_j) N(z_j; 0, 1) dz_j` of each pair and dimension, `[d, n, m]` (equation 5)."""
    (u_a, u_b), (l_a, l_b) = _means(a, b), _variances(a, b)
    mean, variance = (u_a * l_b + u_b * l_a) / (l_a + l_b), l_a * l_b / (l_a + l_b)  # of q_a q_b, normalised
    return _bump(u_a - u_b, l_a + l_b) * _bump(mean, 1.0 + variance)


def product_flat(a: Gaussian, b: Gaussian) -> Tensor:
    """`(2 pi)^(d/2) int q_a(z) q_b(z) dz` of each pair, `[1, n, m]` (equation 6).

    In many dimensions it is 0, except for a sample paired with itself.
    """
    (u_a, u_b), (l_a, l_b) = _means(a, b), _variances(a, b)
    logs = -0.5 * ((u_a - u_b).square() / (l_a + l_b) + (l_a + l_b).log())
    return logs.sum(0, keepdim=True).exp()


def _bump(x: Tensor, variance: Tensor) -> Tensor:
    """Normal density of `x` around 0, times `sqrt(2 pi)`."""
    scale = variance.rsqrt()
    return (-0.5 * (x * scale).square()).exp() * scale


def _means(a: Gaussian, b: Gaussian) -> tuple[Tensor, Tensor]:
    """Means `[d, n, 1]` and `[d, 1, m]`, ready to broadcast; pairs are last because that is faster."""
    return _by_dimension(a.mu)[:, :, None], _by_dimension(b.mu)[:, None]


def _variances(a: Gaussian, b: Gaussian) -> tuple[Tensor, Tensor]:
    """Variances, shaped as in `_means`."""
    l_a, l_b = a.variance.expand_as(a.mu), b.variance.expand_as(b.mu)
    return _by_dimension(l_a)[:, :, None], _by_dimension(l_b)[:, None]


def _by_dimension(values: Tensor) -> Tensor:
    return values.t().contiguous()


KERNELS: Mapping[Kernel, Callable[[Gaussian, Gaussian], Tensor]] = {
    "per_dim_flat": per_dim_flat,
    "per_dim_prior": per_dim_prior,
    "product_flat": product_flat,
}
REDUCTIONS: Mapping[Reduction, Callable[[Tensor], Tensor]] = {
    "mean": lambda k: average(k.mean()),
    "sum": lambda k: total(k.sum()),
}
"""Reductions over all pairs; each process has those of its own rows with everyone's."""


def aggregate_distance(a: Gaussian, b: Gaussian, *, kernel: Kernel, reduction: Reduction = "mean") -> Tensor:
    """Squared distance, a scalar, of the mean posteriors of two sets of samples; 0 for equal sets.

    >>> a, b = (Gaussian(torch.tensor([[u]]), torch.zeros(1, 1)) for u in (0.0, 1.0))
    >>> aggregate_distance(a, a, kernel="per_dim_flat"), aggregate_distance(a, b, kernel="per_dim_flat")
    (tensor(0.), tensor(0.3128))
    """
    k, red = KERNELS[kernel], REDUCTIONS[reduction]
    all_a, all_b = _everyones(a), _everyones(b)
    return red(k(a, all_a)) + red(k(b, all_b)) - 2.0 * red(k(a, all_b))


def _everyones(q: Gaussian) -> Gaussian:
    """The posteriors of all processes' rows."""
    return Gaussian(everyone(q.mu), q.logvar if q.logvar.dim() == 1 else everyone(q.logvar))


def squash(q: Gaussian) -> Gaussian:
    """Squash means and log-variances into (-1, 1) by tanh, as the published code does before comparing."""
    return Gaussian(torch.tanh(q.mu), torch.tanh(q.logvar))
