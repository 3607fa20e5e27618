"""A part of the training samples in the place of the test split, whose array stays closed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from chimerae.data import Prepare, prepare, source_info
from chimerae.errors import InputError

VALIDATED = Prepare(validation=0.25)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def numbered(root: Path, test: bool) -> str:
    """40 training images and, if asked for, 20 test images, each of its own grey level."""
    levels = np.arange(60, dtype=np.uint8)[:, None, None] + np.zeros((60, 8, 8), np.uint8)
    levels[:, 0, 0] = 255
    labels = np.arange(60)
    if test:
        parts = {"x_train": levels[:40], "y_train": labels[:40], "x_test": levels[40:], "y_test": labels[40:]}
        np.savez(root / "set.npz", **parts)
    else:
        np.savez(root / "set.npz", x=levels, y=labels)
    return str(root / "set.npz")


def levels(split) -> list[int]:
    return (split.take(range(len(split)))[:, 0, 4, 4] * 255).round().int().tolist()


@pytest.mark.parametrize("test", [True, False])
def test_a_share_of_the_training_samples_is_held_out(tmp_path: Path, cache: Path, test: bool):
    source = numbered(tmp_path, test)
    whole, part = prepare(source), prepare(source, VALIDATED)
    learnt, held = levels(part.train), levels(part.test)
    assert sorted(learnt + held) == sorted(levels(whole.train))
    assert not {*learnt, *held} & {*levels(whole.test)}
    assert len(held) == round(0.25 * len(whole.train))
    assert part.train.labels.tolist() == learnt
    assert part.test.labels.tolist() == held
    assert (
        part.facts.counts
        == {"train": len(learnt), "test": len(held)}
        == source_info(source, VALIDATED).counts
    )
    assert [learnt, held] == [levels(split) for split in (prepare(source, VALIDATED).train, part.test)]


def test_a_view_shares_arrays_and_has_a_checksum_of_its_own(tmp_path: Path, cache: Path):
    """Caches of features and classifiers go by the checksum."""
    source = numbered(tmp_path, True)
    views = [prepare(source, Prepare(validation=share)) for share in (None, 0.25, 0.5)]
    assert len({view.folder for view in views}) == 1
    assert len({view.facts.checksum for view in views}) == 3
    assert len([*cache.glob("data-*")]) == 1


OPENED: list[str] | None = None


def _heard(event: str, args: tuple[object, ...]) -> None:
    if event == "open" and OPENED is not None:
        OPENED.append(str(args[0]))


sys.addaudithook(_heard)


@contextmanager
def opened() -> Iterator[list[str]]:
    """All files that Python opens in the block, by whatever function."""
    global OPENED
    OPENED = files = []
    try:
        yield files
    finally:
        OPENED = None


def test_the_array_of_test_samples_is_never_opened(tmp_path: Path, cache: Path):
    source = numbered(tmp_path, True)
    entry = prepare(source).folder
    with opened() as files:
        view = prepare(source, VALIDATED)
        levels(view.train), levels(view.test)
    assert str(entry / "train") in files
    assert not [name for name in files if name.startswith(str(entry / "test"))]
    with opened() as files:
        prepare(source)
    assert str(entry / "test") in files, "this test sees no files"


def test_damaged_test_samples_are_no_matter(tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture):
    source = numbered(tmp_path, True)
    entry = prepare(source).folder
    before = levels(prepare(source, VALIDATED).train)
    (entry / "test").write_bytes(bytes((entry / "test").stat().st_size))
    assert levels(prepare(source, VALIDATED).train) == before
    assert not caplog.messages
    prepare(source)
    assert "damaged" in caplog.text


def test_a_toy_is_validated_on_other_points_than_it_is_tested_on():
    whole, part = prepare("8gaussians"), prepare("8gaussians", VALIDATED)
    assert torch.equal(whole.train.take(range(9)), part.train.take(range(9)))
    assert not torch.equal(whole.test.take(range(9)), part.test.take(range(9)))
    assert whole.facts.checksum != part.facts.checksum
    assert source_info("8gaussians", VALIDATED).counts == part.facts.counts


def test_one_training_sample_cannot_be_divided(tmp_path: Path, cache: Path):
    np.savez(tmp_path / "one.npz", train=np.eye(8)[None], test=np.eye(8)[None])
    for ask in (prepare, source_info):
        with pytest.raises(InputError, match=r"1 training sample; at least 2"):
            ask(str(tmp_path / "one.npz"), VALIDATED)
