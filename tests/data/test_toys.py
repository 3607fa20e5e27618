from __future__ import annotations

import pytest
import torch

from chimerae import noise
from chimerae.data.toys import TOYS, Toy, avae_sine
from tests.helpers.rows import through

BY_NAME = {toy.name: toy for toy in TOYS}


def draw(name: str, n: int = 50_000) -> torch.Tensor:
    return BY_NAME[name].sample(n, noise.generator("test", name))


@through("toy", TOYS, ids=lambda toy: toy.name)
def test_sample_is_a_function_of_the_generator(toy: Toy) -> None:
    first, again = (toy.sample(100, noise.generator(3)) for _ in range(2))
    assert first.shape == (100, 2)
    assert first.dtype == torch.float32
    assert torch.equal(first, again)
    assert not torch.equal(first, toy.sample(100, noise.generator(4)))


@through("toy", TOYS, ids=lambda toy: toy.name)
def test_limits_hold_nearly_all_points(toy: Toy) -> None:
    low, high = toy.limits
    points = draw(toy.name)
    assert ((points > low) & (points < high)).all(1).float().mean() > 0.998


@through("toy", TOYS, ids=lambda toy: toy.name)
def test_fixed_splits_stay_and_differ(toy: Toy) -> None:
    assert toy.fixed("test").shape == (10_000, 2)
    assert torch.equal(toy.fixed("test"), toy.fixed("test"))
    assert not torch.equal(toy.fixed("test"), toy.fixed("train"))


def test_avae_sine_has_two_branches_and_one_noise() -> None:
    x = draw("avae-sine")
    branch = x[:, 1] - x[:, 0].cos()
    assert (branch.abs() > 0.5).float().mean() == pytest.approx(0.85, abs=0.02)
    assert (branch > 0).float().mean() == pytest.approx(0.5, abs=0.02)
    shared = avae_sine(10, noise.generator(0))
    own = avae_sine(10, noise.generator(0), shared_noise=False)
    assert torch.equal(shared[:, 0], own[:, 0])
    assert not torch.equal(shared[:, 1], own[:, 1])


@through("name, count, sigma", [("8gaussians", 8, 0.01414), ("25gaussians", 25, 0.01768)])
def test_mixtures_fill_every_mode_evenly(name: str, count: int, sigma: float) -> None:
    centres, points = BY_NAME[name].centres(), draw(name)
    distance, nearest = torch.cdist(points, centres).min(1)
    assert len(centres) == count
    assert (
        torch.bincount(nearest, minlength=count).float().div(len(points)).mul(count).sub(1).abs().max() < 0.1
    )
    assert distance.square().mean().div(2).sqrt() == pytest.approx(sigma, rel=0.02)
    assert BY_NAME[name].sigma == pytest.approx(sigma, rel=0.001)


def test_8gaussians_lie_on_the_published_circle() -> None:
    assert BY_NAME["8gaussians"].centres().norm(dim=1).tolist() == pytest.approx([1.4144] * 8, rel=1e-4)


def test_25gaussians_are_spaced_evenly() -> None:
    values = BY_NAME["25gaussians"].centres()[:, 0].unique()
    assert values.diff().tolist() == pytest.approx([0.7072] * 4, rel=1e-3)


def test_checkerboard_leaves_cells_of_the_other_colour_empty() -> None:
    column, row = ((draw("checkerboard") + 4) / 2).floor().unbind(1)
    assert ((column + row) % 2 == 0).all()
    assert len(torch.stack([column, row], 1).unique(dim=0)) == 8


def test_rings_are_four_and_equally_full() -> None:
    ring = (draw("rings").norm(dim=1) / 0.75).round().clamp(1, 4)
    assert torch.bincount(ring.long())[1:].float().div(50_000).tolist() == pytest.approx([0.25] * 4, abs=0.01)


def test_spirals_mirror_each_other() -> None:
    points = draw("2spirals")
    assert points.mean(0).abs().max() < 0.03
    assert 3.0 < points.norm(dim=1).max() < 4.0
