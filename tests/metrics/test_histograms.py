"""The published toy units against their calibration (docs/metrics.md), numpy and scipy."""

from __future__ import annotations

from math import cos, log, pi, sin

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from chimerae.errors import InputError
from chimerae.metrics.histograms import (
    POINTS,
    counts,
    densities,
    jsd_nats,
    jsd_published,
    kl_nats,
    kl_published,
)
from tests.helpers.rows import through

LIMITS = (-2.0, 2.0)
SIGMA = 0.02 / 1.414
CENTRES = torch.tensor([[2 / 1.414 * cos(a * pi / 4), 2 / 1.414 * sin(a * pi / 4)] for a in range(8)])
DRAWS = 10


def ring(seed: int, *, missing: int = 0, spread: float = 1.0, n: int = POINTS) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    which = torch.randint(8 - missing, (n,), generator=g)
    return CENTRES[which] + spread * SIGMA * torch.randn(n, 2, generator=g)


CALIBRATION = [  # missing modes, spread: KL, its deviation over draws, JSD, its deviation
    (0, 1.0, 0.66, 0.17, 0.30, 0.05),
    (1, 1.0, 27.3, 1.1, 6.9, 0.3),
    (2, 1.0, 54.0, 1.4, 13.5, 0.3),
    (4, 1.0, 108.0, 1.7, 26.9, 0.4),
    (7, 1.0, 191.1, 1.1, 48.0, 0.3),
    (0, 0.5, 5.3, 0.6, 1.3, 0.1),
    (0, 1.5, 0.77, 0.05, 2.4, 0.3),
    (0, 2.0, 2.2, 0.1, 7.4, 0.7),
    (0, 3.0, 5.5, 0.1, 19.1, 1.0),
]


@through("missing, spread, kl, kl_sd, jsd, jsd_sd", CALIBRATION)
def test_calibration_table(missing, spread, kl, kl_sd, jsd, jsd_sd):
    pairs = [(ring(2 * s), ring(2 * s + 1, missing=missing, spread=spread)) for s in range(DRAWS)]
    kls = np.mean([kl_published(real, fake, LIMITS) for real, fake in pairs])
    jsds = np.mean([jsd_published(real, fake, LIMITS) for real, fake in pairs])
    assert kls == pytest.approx(kl, abs=bound(kl, kl_sd))
    assert jsds == pytest.approx(jsd, abs=bound(jsd, jsd_sd))


def bound(mean: float, deviation: float) -> float:
    """Four deviations of the difference between means of `DRAWS` and of the table's 200, and its rounding."""
    rounding = [0.5 * 10 ** -len(str(value).partition(".")[2]) for value in (mean, deviation)]
    return 4 * (1 / DRAWS + 1 / 200) ** 0.5 * (deviation + rounding[1]) + rounding[0]


@through("place", [0.0, 99.0, float("nan")])
def test_a_missed_target_has_the_values_of_a_single_point(place):
    real, fake = ring(0), torch.full((POINTS, 2), place)
    assert kl_published(real, fake, LIMITS) == pytest.approx(220.2, abs=0.2)
    assert jsd_published(real, fake, LIMITS) == pytest.approx(111.15, abs=0.1)


def test_identical_histograms():
    real = ring(0)
    assert abs(jsd_published(real, real, LIMITS)) <= 1e-9
    assert abs(kl_published(real, real, LIMITS)) <= 1e-9
    assert jsd_nats(real, real, LIMITS) == 0.0
    assert abs(kl_nats(real, real, LIMITS)) <= 1e-9


def test_histogram_agrees_with_numpy():
    points = 2.5 * torch.randn(3000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    points[:2] = torch.tensor([[2.0, -2.0], [-2.0, 2.0]])
    expected, _, _ = np.histogram2d(*points.T.numpy(), bins=100, range=[LIMITS, LIMITS])
    np.testing.assert_array_equal(counts(points, LIMITS), expected)


def test_published_units_by_a_double_loop():
    real, fake = ring(0), ring(1, spread=2.0, missing=1)
    h, g = (
        np.histogram2d(*p.double().T.numpy(), 100, [LIMITS, LIMITS], density=True)[0] for p in (real, fake)
    )
    kl = jsd = 0.0
    for a, b in zip(h.ravel(), g.ravel(), strict=True):
        m = (a + b) / 2
        kl += a * (log(a) - log(b + 1e-14)) / 100 if a else 0.0
        jsd += 0.5 * m * (2 * log(m) - log(a + 1e-14) - log(b + 1e-14)) / 100 if m else 0.0
    assert kl_published(real, fake, LIMITS) == pytest.approx(kl, rel=1e-9)
    assert jsd_published(real, fake, LIMITS) == pytest.approx(jsd, rel=1e-9)


@through("limits, factor", [(LIMITS, 6.25), ((-4.0, 4.0), 1.5625)])
def test_published_kl_is_a_multiple_of_the_one_in_nats(limits, factor):
    real, fake = ring(0), ring(1, missing=2)
    assert kl_published(real, fake, limits) == pytest.approx(factor * kl_nats(real, fake, limits), rel=1e-9)


def test_jsd_in_nats_agrees_with_scipy_and_is_bounded():
    real, fake = ring(0), ring(1, missing=3)
    p, q = (counts(v, LIMITS).flatten().numpy() for v in (real, fake))
    assert jsd_nats(real, fake, LIMITS) == pytest.approx(jensenshannon(p, q) ** 2, rel=1e-9)
    assert jsd_nats(real, torch.zeros(POINTS, 2), LIMITS) == pytest.approx(log(2.0), rel=1e-9)


def test_points_outside_are_lost_in_published_units_only():
    real, fake = ring(0), ring(1)
    astray = torch.cat([fake, torch.full((POINTS, 2), 9.0)])[torch.arange(POINTS) * 2]
    assert kl_published(real, astray, LIMITS) < 5.0
    assert jsd_nats(real, astray, LIMITS) > 0.2


def test_too_few_points_and_a_density_elsewhere():
    with pytest.raises(InputError, match="100 points are too few"):
        densities(ring(0), ring(1, n=100), LIMITS)
    with pytest.raises(InputError, match="no real point lies inside"):
        densities(ring(0), ring(1), (5.0, 6.0))
