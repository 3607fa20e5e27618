"""Runs that end in time: the share of the run that is done, and the rule that changes the total."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from chimerae.config import from_dict
from chimerae.errors import InputError
from chimerae.runs.train import Callbacks, train
from chimerae.training.loop import Loop
from chimerae.training.pacing import Pacer, learning_clock, towards
from chimerae.training.settings import Training
from chimerae.training.signals import Request
from chimerae.training.state import build_state
from tests.helpers.rows import through
from tests.helpers.runs import tiny_run


def test_without_changes_the_share_is_exactly_step_over_total():
    for total in (3, 7, 1000, 12_345):
        for step in range(0, total, max(total // 97, 1)):
            assert towards(step, total) == (total, step / total)


def test_what_was_done_before_a_change_stays_to_the_last_bit():
    before = [(333, 1000), (500, 700)]
    for step in range(333):
        assert towards(step, 5000, before) == towards(step, 1000)
    for step in range(333, 500):
        assert towards(step, 5000, before) == towards(step, 700, before[:1])


def test_the_share_has_no_jump_and_ends_at_one():
    changes = [(100, 1000), (150, 400), (300, 2000)]
    shares = [towards(step, 600, changes)[1] for step in range(601)]
    gaps = [b - a for a, b in pairwise(shares)]
    assert shares[0] == 0.0
    assert shares[-1] == pytest.approx(1.0)
    assert all(gap > 0 for gap in gaps)
    assert max(gaps[:100]) == pytest.approx(1 / 1000)
    assert max(gaps) == pytest.approx((1 - shares[100]) / 300)
    assert gaps[-1] == pytest.approx((1 - shares[300]) / 300)


@through(
    "changes",
    [[(0, 10)], [(10, 10)], [(20, 10)], [(5, 10), (5, 20)], [(5, 10), (3, 20)], [(5, 10), (25, 20)]],
)
def test_changes_that_cannot_be_are_refused(changes):
    with pytest.raises(InputError, match="replanned"):
        from_dict(Training, {"replanned": changes})


class Machine:
    """Steps that take time by a rule; a run on it, paced."""

    def __init__(self, seconds, *, planned: int, deadline: float, profile=(1.0,)) -> None:
        self.now, self.seconds = 100.0, seconds
        self.pacer = Pacer(100.0 + deadline, profile, clock=lambda: self.now)
        self.total, self.changes = planned, []

    def run(self) -> float:
        """Seconds until the end."""
        step = 0
        while step < self.total:
            share = towards(step, self.total, self.changes)[1]
            total = self.pacer.total(step, share, self.total)
            if total != self.total:
                self.changes.append((step, self.total))
                self.total = total
            self.now += self.seconds(step, share, self.now - 100.0)
            step += 1
        return self.now - 100.0


def test_a_machine_as_fast_as_timed_changes_nothing():
    machine = Machine(lambda step, share, t: 1.0, planned=600, deadline=600.0)
    assert machine.run() == 600.0
    assert machine.changes == []


@pytest.mark.parametrize("factor", [0.3, 0.8, 1.3, 4.0, 10.0])
def test_a_machine_of_another_speed_ends_in_time(factor):
    machine = Machine(lambda step, share, t: factor, planned=600, deadline=600.0)
    assert machine.run() == pytest.approx(600.0, rel=0.03)
    assert machine.total == pytest.approx(600 / factor, rel=0.1)


@pytest.mark.parametrize("span", [(0.0, 0.4), (0.3, 0.6), (0.6, 0.8)])
def test_other_work_that_comes_and_goes_ends_in_time(span):
    slow = lambda step, share, t: 3.0 if span[0] * 600 <= t < span[1] * 600 else 1.0  # noqa: E731
    assert Machine(slow, planned=600, deadline=600.0).run() == pytest.approx(600.0, rel=0.04)


@pytest.mark.parametrize(
    ("place", "stall"), [(0, 150.0), (2, 150.0), (100, 60.0), (144, 60.0), (288, 60.0), (420, 60.0)]
)
def test_a_standstill_costs_its_own_time_and_little_more(place, stall):
    """Steps 0 and 2 are in the first interval; 144 and 288 are alone between two checks of the pace."""
    machine = Machine(lambda step, share, t: stall if step == place else 1.0, planned=600, deadline=600.0)
    assert machine.run() == pytest.approx(600.0, rel=0.06)
    assert machine.total > 0.92 * (600 - stall)


def test_a_method_whose_second_half_is_dearer_is_expected_to_be():
    phases = lambda step, share, t: 1.0 if share < 0.5 else 3.0  # noqa: E731
    machine = Machine(phases, planned=300, deadline=600.0, profile=(1.0, 1.0, 3.0, 3.0))
    assert machine.run() == pytest.approx(600.0, rel=0.03)
    assert machine.changes == []


def test_a_resumed_run_is_replanned_at_once_or_once_its_pace_is_known():
    """Of 10 seconds 2 went into 20 steps: 80 more fit. Where nothing was logged, it is measured first."""
    known, unknown = Pacer.resumed(10.0, 2.0, 20), Pacer.resumed(10.0, 0.0, 20)
    assert known.total(20, 0.5, 40) == pytest.approx(100, abs=2)
    assert unknown.total(20, 0.5, 40) == 40
    unknown.clock = lambda: unknown.deadline - 9.0
    assert unknown.total(30, 0.75, 40) == pytest.approx(30 + 90, abs=4)


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(("seconds", "counts_waiting"), [(60.0, False), (None, True)])
def test_a_run_with_seconds_of_a_core_does_not_count_time_that_others_take(
    tmp_path: Path, seconds: float | None, counts_waiting: bool
):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        waiting = Callbacks(on_log=lambda line, total: time.sleep(0.3))
        run = train(tiny_run("vae", seconds=seconds), out=tmp_path / "run", callbacks=waiting)
    finally:
        torch.set_num_threads(threads)
    spent = [json.loads(line)["seconds"] for line in (run / "log.jsonl").read_text().splitlines()]
    assert (spent[-1] - spent[0] >= 5 * 0.3) == counts_waiting


def test_the_clock_of_learning():
    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    assert learning_clock(Training(seconds=60.0), cuda) is time.monotonic
    assert learning_clock(Training(), cpu) is time.monotonic


def test_a_resumed_pacer_keeps_its_clock():
    pacer = Pacer.resumed(10.0, 4.0, 40, lambda: 100.0)
    assert pacer.deadline == 106.0
    assert pacer.clock() == 100.0


@pytest.mark.usefixtures("no_pictures")
def test_a_run_that_goes_back_behind_a_changed_total_can_change_it_again(tmp_path: Path):
    """The change at step 350 was recorded, and the state of step 300 is the newest."""
    run = tiny_run("vae", seconds=30.0, replanned=((350, 9000),))
    state = build_state(run.method, run.arch, (2,), run.training, 0)
    state.step = 300
    told: list[tuple[int, Training]] = []
    paced = Pacer.resumed(3.0, 1.0, 300)
    playing = Loop(
        state=state,
        batches=lambda step: torch.zeros(8, 2),
        training=run.training,
        total=500,
        seed=0,
        folder=tmp_path,
        previews=None,  # type: ignore[arg-type]
        probe=None,  # type: ignore[arg-type]
        snapshot=lambda now: None,
        pacer=paced,
        replanned=lambda total, training: told.append((total, training)),
    )
    playing._agree(Request())
    [(total, training)] = told
    assert training.replanned == ((300, 9000),)
    assert total > 300
