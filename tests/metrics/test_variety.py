"""Variety and agreement, against loops."""

from __future__ import annotations

from math import dist

import pytest
import torch

from chimerae.errors import InputError
from chimerae.metrics import variety as room
from chimerae.metrics.agreement import same_class
from chimerae.metrics.feature_bank import FeatureBank
from chimerae.metrics.variety import mean_pairwise_distance, variety
from tests.helpers.rows import through


def rows(n: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> torch.Tensor:
    return scale * torch.randn(n, 40, generator=torch.Generator().manual_seed(seed)) + shift


def kept(features: torch.Tensor) -> FeatureBank:
    found = FeatureBank()
    found.add(features)
    return found


def by_loops(features: torch.Tensor) -> float:
    points = features.double().tolist()
    pairs = [dist(a, b) for i, a in enumerate(points) for b in points[:i]]
    return sum(pairs) / len(pairs)


@through("shift", [0.0, 1e4])  # far from the origin nothing cancels
def test_the_mean_distance_is_that_of_loops(shift: float):
    features = rows(60, 0, shift=shift)
    assert mean_pairwise_distance(features) == pytest.approx(by_loops(features), rel=1e-10)


def test_variety_is_a_ratio_to_the_data_and_knows_collapse():
    a, b = rows(70, 1), rows(50, 2, 0.3, 5.0)
    assert variety(kept(a), kept(b)) == pytest.approx(by_loops(b) / by_loops(a), rel=1e-10)
    assert variety(kept(a), kept(a)) == 1.0
    assert variety(kept(a), kept(a[:1].expand(30, -1))) == 0.0
    halves = torch.cat([a[:1].expand(30, -1), a[1:2].expand(30, -1)])
    assert variety(kept(a), kept(halves)) == pytest.approx(by_loops(halves) / by_loops(a), rel=1e-10)


def test_the_first_images_of_either_kind_are_measured(monkeypatch: pytest.MonkeyPatch):
    assert room.MOST == 2000
    monkeypatch.setattr(room, "MOST", 20)
    a, b = rows(30, 1), rows(40, 2, 2.0)
    assert variety(kept(a), kept(b)) == pytest.approx(by_loops(b[:20]) / by_loops(a[:20]), rel=1e-10)


def test_nothing_to_compare_with_is_one_line():
    with pytest.raises(InputError, match="two images or more of either kind, not 1"):
        variety(kept(rows(9, 0)), kept(rows(1, 0)))
    with pytest.raises(InputError, match="images of the data are all alike"):
        variety(kept(torch.ones(9, 4)), kept(rows(9, 0)))
    with pytest.raises(InputError, match="not finite"):
        variety(kept(rows(9, 0)), kept(torch.full((9, 40), torch.nan)))


def test_agreement_is_that_of_loops():
    a, b = rows(200, 3)[:, :7], rows(200, 4)[:, :7]
    expected = [
        float(max(range(7), key=u.__getitem__) == max(range(7), key=v.__getitem__))
        for u, v in zip(a.tolist(), b.tolist(), strict=True)
    ]
    assert same_class(a, b).tolist() == expected
    assert 0.05 < sum(expected) / 200 < 0.3
    assert same_class(a, 9 * a).mean() == 1.0
