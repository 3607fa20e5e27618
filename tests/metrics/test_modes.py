from __future__ import annotations

from math import exp, pi

import numpy as np
import pytest
import torch

from chimerae.metrics.modes import (
    SHARE,
    both_branches,
    in_modes,
    modes_covered,
    near_data,
    on_branches,
    rank_correlation,
)
from tests.helpers.rows import through

GRID = torch.cartesian_prod(torch.arange(5.0), torch.arange(5.0))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@through("missing", [0, 1, 12, 25])
def test_dropped_modes_have_no_point(missing):
    kept = GRID[missing:]
    points = kept.repeat(400, 1) + 0.05 * torch.randn(400 * len(kept), 2, generator=generator())
    assert modes_covered(points, GRID, 0.05) == 25 - missing


def test_in_modes_of_normal_modes():
    share = (torch.arange(50_000, dtype=torch.float64) + 0.5) / 50_000
    radii, angles = 0.05 * (-2 * share.log()).sqrt(), 2 * pi * torch.rand(50_000, generator=generator())
    points = GRID.repeat(2000, 1) + (radii * torch.stack([angles.cos(), angles.sin()])).T
    assert in_modes(points.float(), GRID, 0.05) == pytest.approx(1 - exp(-8), abs=1e-4)
    assert in_modes(torch.full((10, 2), 0.5), GRID, 0.05) == 0.0
    assert modes_covered(torch.full((10, 2), 0.5), GRID, 0.05) == 0
    assert in_modes(torch.full((4, 2), float("nan")), GRID, 0.05) == 0.0


def test_branches_of_the_sine_data():
    z1, z2, e = torch.randn(3, 50_000, generator=generator())
    data = torch.stack([3 * z1 + 0.1 * e, (3 * z1).cos() + (3 * z2).tanh() + 0.1 * e], 1)
    assert on_branches(data) == pytest.approx(0.85, abs=0.01)
    between = torch.stack([data[:, 0], data[:, 0].cos()], 1)
    assert on_branches(between) == 0.0


def test_a_code_counts_when_its_noise_reaches_both_branches():
    x1 = torch.linspace(-3, 3, 4)[:, None].expand(4, 6)
    side = torch.tensor([1.0, 1.0, -1.0, 1.0, -1.0, 1.0]).expand(4, 6).clone()
    assert both_branches(torch.stack([x1, x1.cos() + side], 2)) == 1.0
    side[0] = 1.0
    assert both_branches(torch.stack([x1, x1.cos() + side], 2)) == 0.75


@through("levels", [None, 5])
def test_rank_correlation_by_counting(levels):
    a, noise = torch.randn(2, 500, generator=generator())
    b = a.exp() + noise
    if levels:
        a, b = (a * levels).round(), (b * levels).round()

    def rank(values: torch.Tensor) -> torch.Tensor:
        below, level = values[None] < values[:, None], values[None] == values[:, None]
        return below.sum(1) + (level.sum(1) + 1) / 2

    expected = torch.corrcoef(torch.stack([rank(a), rank(b)]).double())[0, 1]
    assert rank_correlation(a, b) == pytest.approx(float(expected), rel=1e-12)


def test_rank_correlation_sees_order_alone():
    a = torch.randn(100, generator=generator())
    assert rank_correlation(a, a.exp()) == pytest.approx(1.0)
    assert rank_correlation(a, -(a**3)) == pytest.approx(-1.0)
    assert rank_correlation(a, torch.zeros(100)) == 0.0
    assert not np.isnan(rank_correlation(a, torch.full((100,), 1e30)))


def test_nearness_by_loops():
    g = torch.Generator().manual_seed(0)
    real, points = torch.randn(300, 2, generator=g), 1.5 * torch.randn(80, 2, generator=g)

    def nearest(x: torch.Tensor, others: list[torch.Tensor]) -> float:
        return min(float((x.double() - y.double()).square().sum().sqrt()) for y in others)

    own = sorted(nearest(x, [y for j, y in enumerate(real) if j != i]) for i, x in enumerate(real))
    place = SHARE * (len(own) - 1)  # as numpy and torch interpolate
    low = int(place)
    radius = own[low] + (place - low) * (own[low + 1] - own[low])
    expected = sum(nearest(x, list(real)) <= radius for x in points) / len(points)
    assert 0.5 < expected < 1
    assert near_data(points, real) == pytest.approx(expected)
    lost = torch.tensor([[torch.nan, 0.0], [torch.inf, 0.0]])
    assert near_data(torch.cat([points, lost]), real) == pytest.approx(expected * 80 / 82)


def test_points_between_modes_are_not_near_and_missing_modes_are_no_fault():
    g = torch.Generator().manual_seed(1)
    left, right = (0.1 * torch.randn(500, 2, generator=g) + torch.tensor([x, 0.0]) for x in (-2.0, 2.0))
    assert near_data(torch.zeros(10, 2), torch.cat([left, right])) == 0.0
    assert near_data(left, torch.cat([left, right])) == 1.0
    fresh = 0.1 * torch.randn(500, 2, generator=g) + torch.tensor([2.0, 0.0])
    assert near_data(fresh, torch.cat([left, right])) > 0.95
