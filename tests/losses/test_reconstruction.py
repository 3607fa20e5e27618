from __future__ import annotations

from math import log

import pytest
import torch
from torch.distributions import Independent, Normal

from chimerae import noise
from chimerae.losses.reconstruction import (
    ERROR_WEIGHTS,
    SMALLEST_VARIANCE,
    absolute_error,
    estimated_nll,
    estimated_variance,
    half_squared_error,
    squared_error,
)
from tests.helpers.rows import through

LOSSES = [absolute_error, squared_error, half_squared_error]


@pytest.fixture
def images():
    g = torch.Generator().manual_seed(0)
    return torch.rand(5, 3, 4, 6, generator=g) * 2 - 1, torch.rand(5, 3, 4, 6, generator=g) * 2 - 1


def test_half_squared_error_is_the_likelihood_of_a_unit_gaussian(images):
    x, y = images
    density = Independent(Normal(y, 1.0), 3)
    constant = -Independent(Normal(torch.zeros_like(y), 1.0), 3).log_prob(torch.zeros_like(y))
    torch.testing.assert_close(
        half_squared_error(x, y), -density.log_prob(x) - constant, rtol=1e-4, atol=1e-4
    )


def test_squared_error_by_a_double_loop(images):
    x, y = images
    by_hand = [
        sum((a - b) ** 2 for a, b in zip(one.flatten().tolist(), two.flatten().tolist(), strict=True))
        for one, two in zip(x, y, strict=True)
    ]
    torch.testing.assert_close(squared_error(x, y), torch.tensor(by_hand), rtol=1e-5, atol=1e-5)


def test_absolute_error_is_the_l1_distance(images):
    x, y = images
    expected = torch.nn.functional.l1_loss(x, y, reduction="none").sum((1, 2, 3))
    torch.testing.assert_close(absolute_error(x, y), expected)


def test_half_is_half(images):
    torch.testing.assert_close(2 * half_squared_error(*images), squared_error(*images), rtol=0, atol=0)


@pytest.mark.parametrize("loss", LOSSES)
def test_sums_over_pixels_so_tiled_images_cost_four_times_as_much(loss, images):
    x, y = images
    tiled = loss(x.tile(1, 1, 2, 2), y.tile(1, 1, 2, 2))
    torch.testing.assert_close(tiled, 4 * loss(x, y))


@pytest.mark.parametrize("loss", LOSSES)
def test_one_value_per_sample_and_none_for_equal_ones(loss, images):
    x, y = images
    assert loss(x, y).shape == (5,)
    assert torch.equal(loss(x, x), torch.zeros(5))
    torch.testing.assert_close(loss(x, y)[2:3], loss(x[2:3], y[2:3]))


@through("loss", LOSSES)
def test_points_too(loss):
    assert loss(torch.ones(4, 2), torch.zeros(4, 2)).shape == (4,)


def test_size_of_a_real_reconstruction_error():
    """Sanity: an MSE of .03 in [-1, 1] at 64x64x3 is 184 nats."""
    x, y = torch.zeros(1, 3, 64, 64), torch.full((1, 3, 64, 64), 0.03**0.5)
    assert half_squared_error(x, y).item() == pytest.approx(184.32)


def test_an_estimated_variance_has_the_slope_of_the_logarithm_of_the_error():
    """-log N(x; y, v I) with v the mean squared error is n/2 log v + n/2, whose slope knows no scale."""
    g = noise.generator("estimated")
    x = torch.randn(5, 3, 2, 2, generator=g, dtype=torch.float64)
    y = torch.randn(5, 3, 2, 2, generator=g, dtype=torch.float64, requires_grad=True)
    estimated_nll(x, y).mean().backward()
    slope, y.grad = y.grad, None
    profile = 0.5 * 12 * (x - y).square().mean().log()
    profile.backward()
    torch.testing.assert_close(slope, y.grad)
    torch.testing.assert_close(estimated_nll(x, y).mean(), profile + 0.5 * 12)
    torch.testing.assert_close(
        estimated_nll(10 * x, 10 * y).mean() - profile - 6, torch.tensor(12 * log(10)).double()
    )


def test_an_estimated_variance_is_the_likeliest():
    g = noise.generator("likeliest")
    x, y = torch.randn(2, 6, 4, generator=g, dtype=torch.float64)
    v = estimated_variance(x, y)

    def cost(variance: torch.Tensor) -> torch.Tensor:
        return (half_squared_error(x, y) / variance + 2.0 * variance.log()).mean()

    assert cost(v) < min(cost(0.99 * v), cost(1.01 * v))
    torch.testing.assert_close(ERROR_WEIGHTS["estimated"](x, y) * v, torch.tensor(0.5).double())


def test_perfect_reconstructions_have_a_floor():
    x = torch.ones(2, 3)
    assert estimated_variance(x, x) == SMALLEST_VARIANCE
    assert estimated_nll(x, x).isfinite().all()
