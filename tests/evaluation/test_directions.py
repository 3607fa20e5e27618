"""Directions along which codes are moved."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from chimerae.data import Split, prepare
from chimerae.errors import InputError
from chimerae.evaluation.directions import (
    STEP,
    ByLabel,
    Directions,
    Encoded,
    by_label,
    directions_of,
    encoded,
    principal,
)
from chimerae.evaluation.seeded_codec import SeededCodec
from chimerae.gaussian import Gaussian
from chimerae.methods import BY_NAME
from chimerae.networks import DCGAN
from chimerae.training.settings import Training
from chimerae.training.state import build_state


def some(z: int = 5, k: int = 3) -> Directions:
    axes = torch.linalg.qr(torch.randn(z, z)).Q[:, :k]
    return Directions(torch.randn(z), axes, torch.tensor([2.0, 0.5, 1.0])[:k], "")


def codes_of(n: int = 300, labels: int = 3) -> Encoded:
    """Means with a deviation of their own in each dimension, and posteriors that are wide elsewhere."""
    rng = np.random.default_rng(3)
    classes = torch.from_numpy(rng.integers(0, labels, n))
    means = torch.from_numpy(rng.normal(size=(n, 4)) * [0.1, 2.0, 0.7, 0.01]).float()
    means[:, 2] += classes
    draws = means + torch.from_numpy(rng.normal(size=(n, 4)) * [3.0, 0.1, 0.1, 1.0]).float()
    return Encoded(means, draws, classes)


def codec_of(name: str, **options: object) -> SeededCodec:
    """A codec of untrained networks on digits whose outputs vary with the code."""
    method = BY_NAME[name](z_dim=3, **options)
    state = build_state(method, DCGAN(width=4), (1, 8, 8), Training(device="cpu", ema=0.0), 1)
    for module in state.nets.modules.values():
        for p in module.parameters():
            p.data *= 2
    return SeededCodec(method, state.final_nets(), (1, 8, 8), seed=0, batch_size=64)


def digits(labels: bool = True) -> Split:
    split = prepare("digits").train
    return split if labels else Split(split.name, split.stored, split.rows)


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


def test_a_walk_goes_by_deviations_from_its_start_along_one_direction():
    directions, codes = some(), torch.randn(4, 7)
    way = directions.walk(codes, 1, torch.tensor([-2.0, 0.0, 3.0]))
    assert way.shape == (4, 3, 7)
    for t, by in enumerate((-2.0, 0.0, 3.0)):
        expected = codes[:, :5] + by * 0.5 * directions.axes[:, 1]
        torch.testing.assert_close(way[:, t, :5], expected)
        assert torch.equal(way[:, t, 5:], codes[:, 5:]), "the noise beside the code"


def test_principal_directions_are_those_of_the_means_and_their_units_those_of_the_draws():
    codes = codes_of()
    found = principal(codes, most=3)
    x, drawn = codes.means.double().numpy(), codes.draws.double().numpy()
    values, vectors = np.linalg.eigh(np.cov(x.T))
    for i in range(3):
        axis = found.axes[:, i].double().numpy()
        assert abs(axis @ vectors[:, -1 - i]) == pytest.approx(1, abs=1e-5)
        assert float(found.shares[i]) == pytest.approx(values[-1 - i] / np.trace(np.cov(x.T)), rel=1e-4)
        assert float(found.deviations[i]) == pytest.approx((drawn @ axis).std(ddof=1), rel=1e-4)
    torch.testing.assert_close(found.mean, codes.means.mean(0))
    assert "300 training images" in found.about


def test_a_label_has_the_difference_between_its_mean_and_that_of_all_others():
    codes = codes_of()
    found = by_label(codes)
    assert isinstance(found, ByLabel)
    assert found.labels == (0, 1, 2)
    x, y = codes.means.double().numpy(), codes.labels.numpy()
    for i, label in enumerate(found.labels):
        a, b = x[y == label], x[y != label]
        way = a.mean(0) - b.mean(0)
        axis = way / np.linalg.norm(way)
        np.testing.assert_allclose(found.directions.axes[:, i].numpy(), axis, atol=1e-5)
        pooled = ((len(a) - 1) * (a @ axis).var(ddof=1) + (len(b) - 1) * (b @ axis).var(ddof=1)) / (
            len(x) - 2
        )
        assert float(found.gaps[i]) == pytest.approx(np.linalg.norm(way) / pooled**0.5, rel=1e-4)
        share = (x @ axis).var(ddof=1) / x.var(0, ddof=1).sum()
        assert float(found.directions.shares[i]) == pytest.approx(share, rel=1e-4)


def test_the_widest_gaps_are_kept_in_the_order_of_their_labels():
    codes = codes_of()
    assert by_label(codes, most=2).labels == (0, 2), "1 lies between them"
    assert by_label(codes, labels=[1]).labels == (1,)


def test_two_labels_have_one_direction_and_none_have_none():
    assert by_label(codes_of(labels=2)).labels == (1,)
    assert by_label(codes_of(labels=2), labels=[0, 1]).labels == (0, 1)
    codes = codes_of()
    for labels in (None, torch.zeros(300, dtype=torch.int64)):
        assert by_label(Encoded(codes.means, codes.draws, labels)) is None


def test_a_label_of_one_sample_has_no_direction():
    codes = codes_of()
    codes.labels[codes.labels == 2] = 1
    codes.labels[0] = 2
    assert by_label(codes).labels == (0, 1)
    with pytest.raises(InputError, match="label 2: too few samples"):
        by_label(codes, labels=[2])


def test_codes_are_those_of_the_encoder_with_labels_of_the_same_samples():
    codec, split = codec_of("vae"), digits()
    with codec.nets.evaluating():
        codes = encoded(codec, split, 50)
        rows = torch.arange(50) * len(split) // 50
        torch.testing.assert_close(codes.means, codec.encode(split.take(rows)).mu)
    assert torch.equal(codes.labels, split.labels[rows])
    assert not torch.equal(codes.means, codes.draws)
    with codec.nets.evaluating():
        assert encoded(codec, digits(labels=False), 50).labels is None


def test_codes_that_are_not_finite_have_no_directions_of_their_own(monkeypatch: pytest.MonkeyPatch):
    codec = codec_of("vae")
    monkeypatch.setattr(
        SeededCodec, "encode", lambda self, x, y: Gaussian(torch.full((len(x), 3), torch.nan), torch.zeros(3))
    )
    with codec.nets.evaluating():
        assert encoded(codec, digits(), 50) is None
        assert "pictures of the decoder" in directions_of(codec, digits()).about


def test_without_an_encoder_they_are_those_in_which_pictures_change_most():
    """Compared with the change of the pictures along each direction, by differences of the same length."""
    codec = codec_of("gan")
    with codec.nets.evaluating():
        directions = directions_of(codec, digits())
        assert "the pictures of the generator change most" in directions.about
        codes = codec.prior(0, 16)

        def change(way: torch.Tensor) -> float:
            made, moved = (codec.decode_by("generator", z) for z in (codes, codes + STEP * way))
            return float((moved - made).double().square().sum())

        along = [change(way) for way in directions.axes.T]
        slopes = [
            [
                ((codec.decode_by("generator", z[None] + STEP * way) - x) / STEP).flatten()
                for way in torch.eye(3)
            ]
            for z, x in zip(codes, codec.decode_by("generator", codes), strict=True)
        ]
    assert along == pytest.approx(sorted(along, reverse=True), rel=0.05)
    jacobians = [torch.stack(rows).double().numpy() for rows in slopes]
    sizes = np.linalg.eigvalsh(sum(j @ j.T for j in jacobians))[::-1]
    assert directions.shares.tolist() == pytest.approx((sizes / sizes.sum()).tolist(), rel=1e-3)


def test_directions_that_would_take_too_long_are_those_of_the_code(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("chimerae.evaluation.directions.CHANGED_VALUES", 1)
    found = directions_of(codec_of("gan"), None, most=2)
    assert torch.equal(found.axes, torch.eye(3)[:, :2])
    assert "first axes of the code" in found.about
    assert found.shares is None
