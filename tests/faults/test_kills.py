"""Verbs that are killed at their file operations: short forms of the scripts in `benchmarks/faults`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from benchmarks.faults import crash_points, places, random_kills
from PIL import Image

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Imports are done before forks, and plots are not drawn."""
    folder, grey = tmp_path_factory.mktemp("loaded"), Image.new("RGB", (8, 8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chimerae.pictures.scatter", lambda *values, **settings: grey)
        patch.setenv("CHIMERAE_CACHE", str(folder / "cache"))
        places.verb("train", *places.METHODS["vae"], "--steps", "1", "--out", str(folder / "run"))
        places.verb("resume", str(folder / "run"), "--steps", "2")
        yield


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(("verb", "every"), [("train vae", 29), ("resume vae", 17)])
def test_a_verb_that_is_killed_at_a_file_operation_goes_on(tmp_path: Path, verb: str, every: int):
    each = next(e for e in crash_points.verbs_of("vae", places.METHODS["vae"]) if e.name == verb)
    (tmp_path / "kills").mkdir()
    found = list(crash_points.killed(tmp_path / "kills", each, every))
    assert len(found) > 3
    assert not [kill for kill in found if kill.fault]


@pytest.mark.usefixtures("loaded")
def test_a_run_that_is_killed_while_pictures_are_drawn_is_not_evaluated(tmp_path: Path):
    """A study takes a run with scores for finished, and would never draw its pictures."""

    def killing() -> None:
        from chimerae.runs import evaluate

        evaluate.draw = lambda shown, folder: os.kill(os.getpid(), signal.SIGKILL)

    def score() -> object:
        return places.verb("evaluate", "run", "--metrics", "kl_nats", "--n", "16")

    place = tmp_path / "place"
    place.mkdir()
    train = ("train", *places.METHODS["vae"], "--steps", "1", "--out", "run")
    assert places.forked(place, lambda: places.verb(*train)) == 0
    assert places.forked(place, score, killing) == signal.SIGKILL
    assert not (place / "run/scores.json").exists()
    assert places.forked(place, score) == 0
    assert {path.name for path in (place / "run").iterdir()} >= {"scores.json", "pictures"}
    assert not (place / "run/.scores.json.waiting").exists()


@pytest.mark.usefixtures("loaded")
def test_a_run_that_is_killed_at_random_times_ends_with_the_same_bits(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(random_kills, "METHODS", {"vae": places.METHODS["vae"]})
    found = list(islice(random_kills.runs(tmp_path / "kills", 0, 2, float("inf")), 3))
    assert sum(ended.kills for ended in found)
    assert not [ended for ended in found if ended.fault]


def test_what_is_left_behind_lost_or_changed_is_a_fault(tmp_path: Path):
    each = crash_points.Verb("nothing", lambda place: place.mkdir(), lambda: None)
    place = tmp_path / "place"
    place.mkdir()
    (place / "a").write_text("a")
    whole = places.contents(place)
    assert crash_points.after(place, each, whole) == ""
    (place / "b").write_text("b")
    assert crash_points.after(place, each, whole) == "left behind: b"
    (place / "b").unlink()
    (place / "a").write_text("b")
    assert crash_points.after(place, each, whole) == "differs: a"
    (place / "a").unlink()
    assert crash_points.after(place, each, whole) == "missing: a"


def test_a_log_is_compared_without_what_a_clock_says(tmp_path: Path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 1, "seconds": 1}\n')
    whole = places.contents(tmp_path)
    path.write_text('{"step": 1, "seconds": 2}\n')
    assert places.contents(tmp_path) == whole
    path.write_text('{"step": 2, "seconds": 1}\n')
    assert places.contents(tmp_path) != whole
