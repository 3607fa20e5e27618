"""Directions along which codes are moved."""

from __future__ import annotations

import torch

from chimerae.explore.directions import Directions
from chimerae.explore.explorer import Explorer
from chimerae.explore.find_directions import STEP, directions_of


def some(z: int = 5, k: int = 3) -> Directions:
    axes = torch.linalg.qr(torch.randn(z, z)).Q[:, :k]
    return Directions(torch.randn(z), axes, torch.tensor([2.0, 0.5, 1.0])[:k], "")


def test_a_moved_code_is_at_its_new_places_and_all_else_stays():
    directions, codes = some(), torch.randn(4, 7)
    moved = directions.moved(codes, {2: -1.5, 0: 0.25, 9: 3.0})
    before, after = directions.places(codes), directions.places(moved)
    assert torch.allclose(after[:, 0], torch.tensor(0.25), atol=1e-5)
    assert torch.allclose(after[:, 2], torch.tensor(-1.5), atol=1e-5)
    assert torch.allclose(after[:, 1], before[:, 1], atol=1e-5)
    rest = torch.eye(5) - directions.axes @ directions.axes.T
    assert torch.allclose((moved - codes)[:, :5] @ rest, torch.zeros(4, 5), atol=1e-5)
    assert torch.equal(moved[:, 5:], codes[:, 5:]), "the noise beside the code"


def test_a_code_without_moves_stays_as_it_is():
    codes = torch.randn(2, 5)
    assert torch.allclose(some().moved(codes, {}), codes)


def test_with_an_encoder_they_are_those_of_the_codes_of_training_images(both: Explorer):
    subject = both.subjects[0]
    directions, data = subject.directions, subject.data
    assert data is not None
    assert "training images vary most" in directions.about
    with subject.model.nets.evaluating():
        z = subject.codec.posterior(data.train.take(range(len(data.train))), 0, "explore")
    variances, axes = torch.linalg.eigh(torch.cov(z.double().T))
    assert torch.allclose(directions.deviations.double(), variances.flip(0).sqrt(), rtol=1e-4)
    overlap = (directions.axes.double() * axes.flip(1)).sum(0).abs()
    assert torch.allclose(overlap, torch.ones(2, dtype=torch.float64), atol=1e-4)


def test_without_an_encoder_they_are_those_in_which_pictures_change_most(both: Explorer):
    """Compared with the gradient of the pictures, by differences of the same length."""
    subject = both.subjects[1]
    directions = subject.directions
    assert "the pictures of the generator change most" in directions.about
    with subject.model.nets.evaluating():
        codes = subject.codec.prior(0, 16)
        change = [
            sum(
                float((subject.codec.decode_by("generator", code[None] + STEP * way) - made).square().sum())
                for code, made in zip(codes, subject.codec.decode_by("generator", codes), strict=True)
            )
            for way in directions.axes.T
        ]
    assert change[0] >= 0.9 * change[1]


def test_directions_that_would_take_too_long_are_those_of_the_code(both: Explorer, monkeypatch):
    monkeypatch.setattr("chimerae.explore.find_directions.CHANGED_VALUES", 1)
    found = directions_of(both.subjects[1].codec, None)
    assert torch.equal(found.axes, torch.eye(2))
    assert "first axes of the code" in found.about
