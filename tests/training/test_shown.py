"""What people hear and see by time, between what the settings ask for by steps."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from chimerae.runs.train import Callbacks, train
from chimerae.training import loop
from tests.helpers.runs import assert_same_run, log_of, tiny_run


@pytest.fixture
def heard() -> list[tuple[int, str]]:
    """Steps and health of the lines that the callbacks got."""
    return []


@pytest.fixture
def callbacks(heard: list[tuple[int, str]]) -> Callbacks:
    return Callbacks(on_log=lambda line, total: heard.append((line.step, line.health)))


@pytest.mark.usefixtures("no_pictures")
def test_the_first_step_is_heard_of_at_once_and_not_logged(tmp_path, heard, callbacks):
    folder = train(tiny_run("vae", log_every=4), out=tmp_path / "run", callbacks=callbacks)
    assert [step for step, _ in heard] == [1, 4, 6]
    assert [line["step"] for line in log_of(folder)] == [4, 6]


@pytest.mark.usefixtures("no_pictures")
def test_lines_come_by_time_with_the_last_known_health(tmp_path, heard, callbacks, monkeypatch):
    monkeypatch.setattr(loop, "SHOWN_SECONDS", 0.0)
    folder = train(tiny_run("vae", log_every=4), out=tmp_path / "run", callbacks=callbacks)
    lines = log_of(folder)
    assert [line["step"] for line in lines] == [4, 6]
    word = lines[0]["health"]
    assert heard[:5] == [(1, ""), (2, ""), (3, ""), (4, word), (5, word)]
    monkeypatch.undo()
    assert_same_run(train(tiny_run("vae", log_every=4), out=tmp_path / "plain", quiet=True), folder)


def test_previews_come_by_time_and_change_nothing(tmp_path: Path, monkeypatch):
    run = tiny_run("avae", "dcgan", picture_every=100)
    monkeypatch.setattr(loop, "PREVIEW_SECONDS", 1e9)
    without = train(run, out=tmp_path / "without", quiet=True)
    monkeypatch.setattr(loop, "PREVIEW_SECONDS", 0.0)
    readings = count()
    monkeypatch.setattr(loop, "learning_clock", lambda training, device: lambda: 1.5 ** next(readings))
    early = train(run, out=tmp_path / "with", quiet=True)
    steps = [{int(p.stem[-8:]) for p in (f / "samples").glob("samples-*")} for f in (without, early)]
    assert steps[0] == {1, 6}
    assert steps[1] > {1, 6}
    assert_same_run(without, early)
