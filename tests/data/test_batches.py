from __future__ import annotations

import numpy as np
import pytest
import torch

from chimerae.data import TOYS, Batches, Split
from tests.helpers.rows import through

SPLIT = Split(name="train", stored=np.random.default_rng(0).integers(0, 256, (10, 3, 4, 5), dtype=np.uint8))
PART = Split(name="test", stored=SPLIT.stored, rows=np.array([7, 2, 5]))
TOY = Split(name="train", stored=TOYS[0].fixed("train").numpy(), toy=TOYS[0])


def batches(split: Split = SPLIT, **settings: object) -> Batches:
    return Batches(split, **{"batch_size": 4, "seed": 0, **settings})


@through("split", [SPLIT, PART, TOY])
def test_a_batch_is_a_function_of_seed_and_step(split: Split) -> None:
    forward, backward = batches(split, flip=True), batches(split, flip=True)
    ahead = [forward(step) for step in range(8)]
    assert all(torch.equal(ahead[step], backward(step)) for step in reversed(range(8)))
    torch.manual_seed(123)
    assert torch.equal(ahead[3], forward(3))
    assert not torch.equal(ahead[3], batches(split, seed=1, flip=True)(3))
    assert not torch.equal(ahead[3], ahead[4])


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    batches(flip=True)(0)
    batches(TOY)(0)
    assert torch.equal(torch.get_rng_state(), before)


@through("batch_size", [1, 3, 4, 10, 23])
def test_every_epoch_holds_every_sample_once(batch_size: int) -> None:
    drawn = batches(batch_size=batch_size)
    order = torch.cat([drawn.indices(step) for step in range(-(-50 // batch_size))])[:50]
    epochs = order.reshape(5, 10)
    assert (epochs.sort(1).values == torch.arange(10)).all()
    assert len(epochs.unique(dim=0)) > 1


@through("batch_size", [4, 10, 23])
def test_shape_and_range(batch_size: int) -> None:
    x = batches(batch_size=batch_size)(2)
    assert x.shape == (batch_size, 3, 4, 5)
    assert x.dtype == torch.float32
    assert 0 <= x.min() < 0.1
    assert 0.9 < x.max() <= 1


def test_values_are_those_of_the_samples() -> None:
    drawn = batches()
    assert torch.equal(drawn(1), SPLIT.take(drawn.indices(1)))
    assert torch.equal(SPLIT.take([3])[0], torch.tensor(SPLIT.stored[3].astype(np.float32)) / 255)


def test_a_part_draws_its_own_rows_only() -> None:
    allowed = {row.tobytes() for row in np.asarray(SPLIT.stored)[[2, 5, 7]]}
    raw = PART.raw(batches(PART, batch_size=9).indices(0)).numpy()
    assert {row.tobytes() for row in raw} == allowed


def test_flips_mirror_about_half_of_a_batch() -> None:
    plain, flipped = batches(batch_size=400), batches(batch_size=400, flip=True)
    x, y = plain(0), flipped(0)
    mirrored = (y == x.flip(-1)).all(-1).all(-1).all(-1)
    same = (y == x).all(-1).all(-1).all(-1)
    assert (mirrored ^ same).all()
    assert 150 < mirrored.sum() < 250


def test_points_are_never_flipped() -> None:
    points = Split(name="train", stored=np.arange(6, dtype=np.float32).reshape(3, 2))
    assert torch.equal(batches(points, flip=True)(0), batches(points)(0))


def test_toys_are_fresh_at_every_step() -> None:
    drawn = torch.cat([batches(TOY, batch_size=100)(step) for step in range(5)])
    assert len(drawn.unique(dim=0)) == 500


@through("settings, message", [({"batch_size": 0}, "at least 1"), ({"split": None}, "at least 1")])
def test_nothing_to_draw(settings: dict[str, object], message: str) -> None:
    empty = Split(name="train", stored=SPLIT.stored, rows=np.array([], dtype=np.int64))
    with pytest.raises(ValueError, match=message):
        batches(empty if "split" in settings else SPLIT, batch_size=settings.get("batch_size", 4))


def test_steps_count_from_zero() -> None:
    with pytest.raises(ValueError, match="steps count from 0"):
        batches()(-1)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no accelerator")
@through("limit", [0, 2**32])
def test_accelerators_get_the_same_batches(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr("chimerae.data.batches.RESIDENT_BYTES", limit)
    there, here = batches(device="cuda", flip=True), batches(flip=True)
    assert all(torch.allclose(there(step).cpu(), here(step)) for step in range(6))
