"""A source is opened once where several things need it: its files are walked and its headers read once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import chimerae
import chimerae.data.headers
import chimerae.data.transform
from chimerae.cli import main
from chimerae.data import Prepare, image_folder, prepare, source_info
from chimerae.data.inspect import inspect
from chimerae.data.memory import held
from chimerae.data.open import open_source
from chimerae.data.opened import drop, opened_once
from chimerae.recipes import outlook
from chimerae.recipes.timing import Timing
from tests.data.data_files import Make

N = 12
ONCE = {"walks": 1, "stats": 3 * N, "headers": N, "decoded": N}
"""A picture is looked at once for its identity, and before each of two openings, for header and pixels."""


@pytest.fixture
def root(photos: Make) -> str:
    """A folder of `N` pictures."""
    return str(photos(N))


@pytest.fixture
def seen(root: str, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts of walks, of stat calls on pictures, of headers read and of pictures decoded."""
    counts: Counter[str] = Counter()

    def count(module: object, name: str, what: str, which: Callable[..., bool] = lambda *_: True) -> None:
        plain = getattr(module, name)

        def counted(*args: object, **rest: object) -> object:
            counts[what] += which(*args)
            return plain(*args, **rest)

        monkeypatch.setattr(module, name, counted)

    count(image_folder, "_walk", "walks")
    count(os, "stat", "stats", lambda path, *_: str(path).endswith(".png"))
    count(chimerae.data.headers, "header", "headers")
    count(chimerae.data.transform, "decoded", "decoded")
    return counts


def test_without_a_block_changes_of_the_files_are_seen(root: str, photos: Make, seen: Counter[str]):
    assert sum(source_info(root).counts.values()) == N
    photos(N + 1)
    assert sum(source_info(root).counts.values()) == N + 1
    assert seen["walks"] == 2


def test_a_look_and_a_preparation_share_one_opening(root: str, seen: Counter[str]):
    with opened_once():
        source_info(root)
        source_info(root, Prepare(size=4))
        data = prepare(root, Prepare(size=4))
    assert seen == ONCE
    assert data.manifest == prepare(root, Prepare(size=4)).manifest


def test_a_source_is_dropped_once_it_is_prepared(root: str):
    with opened_once():
        found = open_source(root)
        assert open_source(root) is found
        prepare(root)
        assert open_source(root) is not found
        drop(root)
        drop(root)
    assert open_source(root) is not open_source(root)


def test_blocks_inside_of_blocks_share_what_is_open(root: str):
    with held(root) as name:
        assert name == root
        found = open_source(root)
        with opened_once():
            assert open_source(root) is found
        assert open_source(root) is found


def test_an_error_is_not_remembered(photos: Make, tmp_path: Path):
    with opened_once():
        with pytest.raises(chimerae.InputError):
            open_source(str(tmp_path / "photos"))
        photos(3)
        assert open_source(str(tmp_path / "photos"))


def test_training_opens_its_data_once(root: str, seen: Counter[str], tmp_path: Path):
    settings = {"arch.width": 2, "training.batch_size": 4}
    chimerae.train("vae", data=root, steps=1, settings=settings, out=tmp_path / "run", quiet=True)
    assert seen == ONCE


@pytest.mark.parametrize("steps", [("--steps", "1"), ()], ids=["steps", "time"])
def test_the_command_line_opens_its_data_once(
    root: str,
    seen: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
    steps: tuple[str, ...],
):
    monkeypatch.setattr(outlook, "time_steps", lambda *a, **k: Timing((0.01,), {"encoder": 5}, 1))
    monkeypatch.setattr(outlook, "evaluation_seconds", lambda *a: 1.0)
    assert main(["train", "vae", "--data", root, *steps, "--dry-run"]) == 0
    assert seen == ONCE


def test_an_inspection_opens_its_source_once(root: str, seen: Counter[str]):
    inspect(root)
    assert seen["walks"] == 1
    assert seen["stats"] == N + seen["headers"] + seen["decoded"]
    assert seen["decoded"] == N
