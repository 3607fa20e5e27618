from __future__ import annotations

import numpy as np
import pytest
import torch

from chimerae.metrics import latent
from tests.helpers.rows import through


def normal(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def brute_mmd(x: np.ndarray, y: np.ndarray) -> float:
    """The U-statistic by loops."""
    c, n = 2.0 * x.shape[1], len(x)

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return c / (c + float(((a - b) ** 2).sum()))

    within = sum(k(x[i], x[j]) + k(y[i], y[j]) for i in range(n) for j in range(n) if i != j)
    across = sum(k(a, b) for a in x for b in y)
    return within / (n * (n - 1)) - 2 * across / n**2


@through("d", [1, 3])
def test_the_kernel_distance_is_that_of_loops(d):
    x, y = normal(12, d, 0), 0.5 + 2 * normal(12, d, 1)
    assert latent.prior_mmd(x, y) == pytest.approx(
        brute_mmd(x.double().numpy(), y.double().numpy()), abs=1e-9
    )


def test_it_is_unbiased_and_at_times_below_zero():
    values = np.array([latent.prior_mmd(normal(50, 2, 2 * i), normal(50, 2, 2 * i + 1)) for i in range(200)])
    assert abs(values.mean()) < 3 * values.std() / len(values) ** 0.5
    assert (values < 0).any()


def test_the_test_accepts_what_is_drawn_alike_as_often_as_it_should():
    p = np.array([latent.prior_test(normal(40, 2, 2 * i), normal(40, 2, 2 * i + 1), i) for i in range(100)])
    assert 0.0 < p.min() <= p.max() <= 1.0
    assert 0.35 < p.mean() < 0.65
    assert (p < 0.1).mean() < 0.25


@through("shift, scale", [(1.0, 1.0), (0.0, 0.4), (0.0, 2.5)])
def test_the_test_refuses_what_is_not(shift, scale):
    p = latent.prior_test(shift + scale * normal(200, 2, 0), normal(200, 2, 1), 0)
    assert p == pytest.approx(1 / (latent.PERMUTATIONS + 1))


@through("noise", [0.5, 1.0, 3.0])
def test_information_of_a_linear_code_is_the_share_of_explained_variance(noise):
    x = normal(2000, 1, 0)
    codes = x + noise * normal(2000, 1, 1)
    assert latent.code_information(codes, x) == pytest.approx(1 / (1 + noise**2), abs=0.06)


def test_information_needs_no_form_of_the_relation():
    x = normal(2000, 1, 0).abs()
    signs = torch.randint(2, (2000, 1), generator=torch.Generator().manual_seed(1)) * 2 - 1
    assert latent.code_information(signs * x, x) > 0.98


def test_codes_that_tell_nothing_have_none():
    assert latent.code_information(normal(2000, 2, 0), normal(2000, 3, 1)) < 0.03
    assert latent.code_information(torch.zeros(20, 2), torch.ones(20, 3)) == 0.0


def test_information_by_loops():
    codes, x = normal(30, 2, 0), normal(30, 2, 0) + 0.3 * normal(30, 2, 2)
    error = 0.0
    for i in range(30):
        order = sorted((float((codes[i] - codes[j]).square().sum()), j) for j in range(30) if j != i)
        guess = x[[j for _, j in order[:10]]].mean(0)
        error += float((x[i] - guess).square().mean()) / 30
    variance = float((x - x.mean(0)).square().mean())
    assert latent.code_information(codes, x) == pytest.approx(1 - error / (1.1 * variance), abs=1e-6)


def test_signs_by_hand():
    samples = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.5, 0.0], [9.0, 0.0]])
    resampled = torch.tensor([[[1.0], [-1.0], [1.0], [1.0]], [[1.0], [1.0], [-2.0], [-3.0]], [[1.0]] * 4])
    assert latent.both_signs(samples, resampled) == pytest.approx((0.5 + 1.0) / 2)  # the third is too near
    assert latent.both_signs(samples[2:3], resampled[2:3]) == 0.0
