"""The precision that `auto` stands for: tried at the start, written down, kept by a run that goes on."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import torch

from chimerae.recipes import outlook as room
from chimerae.recipes import precision as trial
from chimerae.recipes import timing
from chimerae.recipes.planning import Wish
from chimerae.recipes.precision import GAIN, LEAST, LONG, Probed, probe, with_precision
from chimerae.recipes.timing import Timing
from chimerae.runs.folder import read_run
from chimerae.runs.run import Run
from chimerae.runs.train import resume, start
from chimerae.training.state import build_state
from tests.helpers.runs import Crash, after, assert_same_run, crash, tiny_run

SHAPE = (1, 8, 8)
PROMISING = Probed(gain=2.0, rate=1e12)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run whose steps have enough operations to be tried."""
    monkeypatch.setattr(trial, "operations", lambda run, shape: LEAST)
    return tiny_run("vae", "dcgan")


def clock(gain: float):
    """Steps that are `gain` times faster in bfloat16."""
    seconds = {"float32": 1.0, "bfloat16": 1.0 / gain}
    return lambda run, shape, *, at_most: Timing((seconds[run.training.precision],) * 4, {}, 1)


def test_other_work_on_the_machine_does_not_count(large):
    """Bfloat16 wins by 1.5 in seconds of the core, though it was timed while something else had the core."""
    timed = {"float32": Timing((1.5,) * 4, {}, 1), "bfloat16": Timing((3.0,) * 4, {}, 1, slowness=3.0)}
    run, gain = with_precision(
        large,
        SHAPE,
        clocked=lambda run, shape, *, at_most: timed[run.training.precision],
        probed=lambda device: PROMISING,
    )
    assert (run.training.precision, gain) == ("bfloat16", pytest.approx(1.5))


def never(*args: object, **options: object) -> Timing:
    raise AssertionError("tried without need")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_precision_that_was_asked_for_is_not_questioned(precision):
    run = tiny_run("vae", "dcgan", precision=precision)
    assert with_precision(run, SHAPE, clocked=never, probed=never) == (run, None)


@pytest.mark.parametrize(
    ("gain", "chosen"), [(0.08, "float32"), (1.09, "float32"), (1.11, "bfloat16"), (1.8, "bfloat16")]
)
def test_the_faster_precision_is_chosen_if_it_wins_by_a_tenth(large, gain, chosen):
    run, measured = with_precision(large, SHAPE, clocked=clock(gain), probed=lambda device: PROMISING)
    assert run == replace(large, training=replace(large.training, precision=chosen))
    assert measured == pytest.approx(gain)


def test_an_imitation_is_not_even_timed(large):
    slow = Probed(gain=GAIN - 0.01, rate=1e12)
    run, measured = with_precision(large, SHAPE, clocked=never, probed=lambda device: slow)
    assert (run.training.precision, measured) == ("float32", slow.gain)


@pytest.mark.parametrize("counted", [None, 0.99 * LEAST])
def test_small_steps_stay_in_float32(large, monkeypatch, counted):
    monkeypatch.setattr(trial, "operations", lambda run, shape: counted)
    run, measured = with_precision(large, SHAPE, clocked=never, probed=lambda device: PROMISING)
    assert (run.training.precision, measured) == ("float32", None)


def test_of_long_steps_the_probe_decides_alone(large):
    slow_core = Probed(gain=1.9, rate=LEAST / LONG)
    run, measured = with_precision(large, SHAPE, clocked=never, probed=lambda device: slow_core)
    assert (run.training.precision, measured) == ("bfloat16", 1.9)


def test_a_probe_takes_the_smaller_gain_and_the_rate_of_float32(monkeypatch):
    seconds = {
        (2, torch.float32): 0.5,
        (2, torch.bfloat16): 0.1,
        (4, torch.float32): 0.6,
        (4, torch.bfloat16): 0.3,
    }
    monkeypatch.setattr(trial, "fastest", lambda work, *inputs: seconds[inputs[0].ndim, inputs[0].dtype])
    found = probe.__wrapped__(torch.device("cpu"))
    assert found.gain == pytest.approx(2.0)
    assert found.rate == pytest.approx(2 * trial.SIDE**3 / 0.5)


def test_neither_the_first_pass_nor_one_interruption_decides_a_probe():
    taken = iter([2 * timing.ENOUGH, 2 * timing.ENOUGH, 0.0, 0.0, 0.0, 0.0])
    assert timing.fastest(lambda: (time.sleep(next(taken)), torch.empty(0))[1]) < timing.ENOUGH / 2


def test_a_slow_kind_of_work_is_not_repeated_to_the_end():
    passes = []
    timing.fastest(lambda: (passes.append(time.sleep(timing.ENOUGH)), torch.empty(0))[1])
    assert len(passes) == 1 + timing.LEAST_REPEATS


def test_a_probe_of_this_machine_leaves_its_random_numbers_alone():
    before = torch.get_rng_state()
    found = probe.__wrapped__(torch.device("cpu"))
    assert found.gain > 0
    assert found.rate > 1e8
    assert torch.equal(torch.get_rng_state(), before)


def test_the_choice_stands_in_the_run_and_is_kept(large, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "WORTH_TIMING", 1)
    monkeypatch.setattr(room, "with_precision", lambda run, shape: (trial._in(run, "bfloat16"), 1.5))
    whole = start(large, out=tmp_path / "whole")
    assert read_run(whole).training.precision == "bfloat16"
    with pytest.raises(Crash):
        start(large, out=tmp_path / "cut", callbacks=after(5, crash))
    monkeypatch.setattr(room, "with_precision", never)
    assert_same_run(resume(tmp_path / "cut", quiet=True), whole)


def test_the_plan_says_what_was_tried(large, monkeypatch, tmp_path):
    monkeypatch.setattr(room, "WORTH_TIMING", 1)
    monkeypatch.setattr(room, "with_precision", lambda run, shape: (trial._in(run, "bfloat16"), 1.5))
    ahead = room.outlook(large, Wish(), began=0.0, told=True)
    text = ahead.plan(tmp_path, None).text()
    assert "bfloat16 networks, float32 losses (1.5 times as fast as float32 here)" in text
    assert build_state(ahead.run.method, ahead.run.arch, SHAPE, ahead.run.training, 0).nets.autocast.bfloat16
