from __future__ import annotations

from math import e, pi, sqrt

import pytest
import torch

from chimerae.gaussian import Gaussian
from chimerae.losses.aggregate import KERNELS, aggregate_distance, squash
from tests.helpers.rows import through

GRID = torch.linspace(-12.0, 12.0, 4801, dtype=torch.float64)
FLAT, PRIOR = torch.ones_like(GRID), torch.exp(-0.5 * GRID**2) / sqrt(2 * pi)


def codes(n: int, d: int, seed: int) -> Gaussian:
    u, logvar = torch.randn(2, n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return Gaussian(1.5 * u, 0.7 * logvar - 0.5)


def density(q: Gaussian) -> torch.Tensor:
    """Mean posterior of a set of one-dimensional codes, on the grid."""
    parts = torch.exp(-0.5 * (GRID - q.mu) ** 2 / q.variance) / (2 * pi * q.variance).sqrt()
    return parts.mean(0)


@through(
    "kernel, weight, constant",
    [
        ("per_dim_flat", FLAT, 1 / sqrt(2 * pi)),
        ("product_flat", FLAT, 1 / sqrt(2 * pi)),
        ("per_dim_prior", PRIOR, 1 / (2 * pi)),
    ],
)
def test_is_the_integral_of_the_squared_difference(kernel, weight, constant):
    a, b = codes(5, 1, 0), codes(7, 1, 1)
    expected = torch.trapezoid(weight * (density(a) - density(b)) ** 2, GRID)
    ours = constant * aggregate_distance(a, b, kernel=kernel)
    torch.testing.assert_close(ours, expected, rtol=1e-6, atol=1e-9)


@through("kernel", KERNELS)
def test_is_the_double_loop(kernel):
    a, b = codes(3, 4, 0), codes(5, 4, 1)

    def one(q: Gaussian, i: int) -> Gaussian:
        return Gaussian(q.mu[i : i + 1], q.logvar[i : i + 1])

    def pairs(p: Gaussian, q: Gaussian) -> list[torch.Tensor]:
        return [KERNELS[kernel](one(p, i), one(q, j)) for i in range(len(p.mu)) for j in range(len(q.mu))]

    sums = [torch.stack(pairs(p, q)) for p, q in ((a, a), (b, b), (a, b))]
    for reduction in ("mean", "sum"):
        aa, bb, ab = (getattr(s, reduction)() for s in sums)
        ours = aggregate_distance(a, b, kernel=kernel, reduction=reduction)
        torch.testing.assert_close(ours, aa + bb - 2 * ab)


def test_product_is_the_product_over_dimensions():
    a, b = codes(3, 4, 0), codes(5, 4, 1)
    product = KERNELS["per_dim_flat"](a, b).prod(0, keepdim=True)
    torch.testing.assert_close(KERNELS["product_flat"](a, b), product)


@through("kernel", KERNELS)
@through("reduction", ["mean", "sum"])
def test_never_negative_symmetric_and_zero_for_equal_sets(kernel, reduction):
    for seed in range(20):
        a, b = codes(6, 3, seed), codes(6, 3, seed + 100)
        d = aggregate_distance(a, b, kernel=kernel, reduction=reduction)
        assert d > 0
        torch.testing.assert_close(aggregate_distance(b, a, kernel=kernel, reduction=reduction), d)
        same = aggregate_distance(
            a, Gaussian(a.mu.flip(0), a.logvar.flip(0)), kernel=kernel, reduction=reduction
        )
        assert abs(same.item()) < 1e-12


@through("kernel", KERNELS)
def test_one_scale_for_all_samples_is_the_same_scale_for_each(kernel):
    a, b = codes(6, 3, 0), codes(6, 3, 1)
    shared = [Gaussian(q.mu, a.logvar[0]) for q in (a, b)]
    each = [Gaussian(q.mu, a.logvar[:1].expand(6, 3)) for q in (a, b)]
    torch.testing.assert_close(
        aggregate_distance(*shared, kernel=kernel), aggregate_distance(*each, kernel=kernel)
    )


def test_squash():
    q = squash(Gaussian(torch.tensor([[0.0, 100.0]]), torch.tensor([[0.0, -100.0]])))
    torch.testing.assert_close(q.mu, torch.tensor([[0.0, 1.0]]))
    torch.testing.assert_close(q.variance, torch.tensor([[1.0, 1 / e]]))
    largest = squash(Gaussian(torch.tensor([[50.0]]), torch.tensor([[50.0]]))).kl()
    assert largest.item() == pytest.approx((e - 1) / 2), "the decoder's KL is capped there"
