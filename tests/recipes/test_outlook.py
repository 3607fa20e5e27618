"""Runs with a budget: what is chosen stands in run.json, repeats and resumes from there alone."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import partial
from itertools import count
from types import SimpleNamespace

import pytest

import chimerae
from chimerae.errors import InputError
from chimerae.recipes import outlook as room
from chimerae.recipes.planning import Wish
from chimerae.recipes.timing import Timing
from chimerae.runs.folder import read_run
from chimerae.runs.train import Callbacks, resume, start, train
from chimerae.training.loop import Loop
from chimerae.training.pacing import Pacer
from tests.helpers.runs import Crash, after, assert_same_run, crash, saved, tiny_run

QUICK = {"method.z_dim": 2, "arch.width": 2, "training.batch_size": 8, "training.device": "cpu"}


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """A cache of its own, no pictures, and an evaluation that takes no time."""
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("chimerae.training.previews.Previews.draw", lambda self, nets, step: None)


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that are said to take a second each, and an evaluation of 20."""
    monkeypatch.setattr(room, "time_steps", lambda *a, **k: Timing((1.0,) * 4, {"encoder": 5}, 1))
    monkeypatch.setattr(room, "evaluation_seconds", lambda *a: 20.0)
    monkeypatch.setattr(room, "time", SimpleNamespace(monotonic=lambda: 109.0))


def test_steps_fill_what_evaluation_leaves(timed):
    ahead = room.outlook(tiny_run("vae", "dcgan"), Wish(100.0, steps=True), began=100.0)
    assert ahead.run.steps == 100 - 1 - 20 - 9
    assert ahead.ends == 79.0
    assert ahead.paced


def test_time_of_learning_alone_is_not_shared(timed):
    wish = Wish(100.0, steps=True, learning=True)
    ahead = room.outlook(tiny_run("vae", "dcgan"), wish, began=100.0)
    assert ahead.run.steps == 100
    assert ahead.ends == 109.0  # 9 had gone by


def test_evaluation_gets_a_third_at_most(timed, monkeypatch):
    monkeypatch.setattr(room, "evaluation_seconds", lambda *a: 500.0)
    ahead = room.outlook(tiny_run("vae", "dcgan"), Wish(100.0, steps=True), began=109.0)
    assert ahead.run.steps == 65  # 99 - 100 / 3


def test_a_budget_that_is_over_before_it_began_is_refused(timed, tmp_path):
    with pytest.raises(InputError, match="give more time"):
        start(
            tiny_run("vae", "dcgan"),
            wish=Wish(20.0, steps=True),
            out=tmp_path / "run",
            began=95.0,
        )
    assert not (tmp_path / "run").exists()


def test_a_budget_that_is_over_is_refused_however_quick_the_steps(timed, monkeypatch):
    monkeypatch.setattr(room, "time_steps", lambda *a, **k: Timing((1e-4,) * 4, {}, 1))
    with pytest.raises(InputError, match="give more time"):
        room.outlook(tiny_run("vae", "dcgan"), Wish(10.0, steps=True), began=95.0)


def test_a_run_without_a_budget_keeps_its_steps_and_is_not_timed(timed, monkeypatch):
    monkeypatch.setattr(room, "time_steps", lambda *a, **k: pytest.fail("timed"))
    run = tiny_run("vae", "dcgan")
    assert room.outlook(run, Wish(), began=0.0, told=True).run == run, "few steps"
    run = tiny_run("vae", "dcgan", steps=5000, precision="float32", threads=1)
    assert room.outlook(run, Wish(), began=0.0, told=False).run == run, "nobody listens"


def test_without_a_budget_small_data_get_no_endless_epochs(timed, monkeypatch):
    monkeypatch.setattr(room, "time_steps", lambda *a, **k: Timing((1e-3,) * 4, {}, 1))
    run = tiny_run("vae", "dcgan", device="cpu")
    ahead = room.outlook(run, Wish(None, steps=True), began=109.0)
    epochs = ahead.run.steps * run.training.batch_size / len(ahead.data.train)
    assert epochs == pytest.approx(500, rel=0.01)
    assert not ahead.paced, "it is over before its time, and must not be stretched to it"


def test_timing_leaves_no_trace(tmp_path):
    """A run whose steps were chosen after timing equals one that was given them."""
    settings = QUICK | {"training.save_every": 50}
    budgeted = chimerae.train(
        "avae", data="digits", budget=90, settings=settings | {"steps": 60}, out=tmp_path / "a", quiet=True
    )
    profiles: list[Sequence[float]] = []
    plain = chimerae.train(
        "avae",
        data="digits",
        steps=60,
        settings=settings,
        out=tmp_path / "b",
        callbacks=Callbacks(on_plan=lambda text: None, on_timing=profiles.append),
    )
    assert_same_run(budgeted, plain)
    assert len(profiles) == 1
    assert min(profiles[0]) > 0


@pytest.fixture
def moody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pacer that changes its mind after steps 2 and 4 of a run."""
    moods = {2: 9, 4: 7}
    monkeypatch.setattr(Pacer, "total", lambda self, step, share, planned: moods.get(step, planned))
    run = Loop.run

    def paced(self) -> None:
        if not self.state.step:
            self.pacer = Pacer(0.0, (1.0,))
        run(self)

    monkeypatch.setattr(Loop, "run", paced)


def falling(**training):
    return tiny_run("as-introvae", optimizer={"schedule": "linear", "final": 0.0}, **training)


def test_changes_are_written_down_and_the_run_repeats_from_them(tmp_path, moody, monkeypatch):
    paced = train(falling(), out=tmp_path / "paced", quiet=True)
    run = read_run(paced)
    assert run.steps == 7
    assert run.training.replanned == ((2, 6), (4, 9))
    lr = [json.loads(line)["lr"]["encoder"] for line in (paced / "log.jsonl").read_text().splitlines()]
    shares = [0, 1 / 6, 2 / 6, 2 / 6 + 4 / 6 / 7]
    assert lr[:4] == pytest.approx([2e-4 * (1 - s) for s in shares])
    monkeypatch.undo()
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path / "cache"))
    assert_same_run(paced, train(run, out=tmp_path / "again", quiet=True))


def test_a_paced_run_that_crashed_resumes_from_run_json(tmp_path, moody):
    paced = train(falling(), out=tmp_path / "paced", quiet=True)
    with pytest.raises(Crash):
        train(falling(), out=tmp_path / "crashed", callbacks=after(5, crash))
    assert saved(tmp_path / "crashed")["step"] == 3, "before the second change"
    resume(tmp_path / "crashed", quiet=True)
    assert_same_run(paced, tmp_path / "crashed")


def test_the_plan_and_lines_are_printed(tmp_path, capsys):
    folder = chimerae.train("vae", data="digits", steps=60, settings=QUICK, out=tmp_path / "run")
    said = capsys.readouterr().err
    plan, lines = said.split("step 1/60", 1)
    for word in ("1,617 images", "180 held out", "8x8x1", "cpu, float32", "encoder", "60 steps of 8"):
        assert word in plan
    assert re.search(r"ends +about \d\d:\d\d:\d\d; with `chimerae evaluate`", plan)
    assert str(folder / "samples") in plan
    assert "paper " in plan
    assert "--budget 1h" in plan
    assert "60/60" in lines


def test_quiet_says_nothing(tmp_path, capsys):
    chimerae.train("vae", data="digits", steps=60, settings=QUICK, out=tmp_path / "run", quiet=True)
    chimerae.resume(tmp_path / "run", steps=61, quiet=True)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_a_machine_half_as_fast_as_timed_plays_half_the_steps_in_time(tmp_path, timed, monkeypatch):
    """The whole way, on a clock of our own: steps were timed at a second and take two."""
    clock = count(109.0, 2.0)
    monkeypatch.setattr("chimerae.runs.train.Pacer", partial(Pacer, clock=lambda: next(clock)))
    wish, rates = Wish(100.0, steps=True), []
    callbacks = Callbacks(on_log=lambda line, total: rates.append(line.lr["vae"]))
    run = tiny_run("vae", optimizer={"schedule": "linear", "final": 0.0})
    folder = start(run, wish=wish, out=tmp_path / "run", began=100.0, callbacks=callbacks)
    ended = read_run(folder)
    assert ended.steps == pytest.approx((179 - 109) / 2, abs=2)
    assert ended.training.replanned[0][1] == 70, "what was chosen at first"
    assert int(saved(folder)["step"]) == ended.steps == len(rates)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.1 * rates[0], "the rate has fallen"
