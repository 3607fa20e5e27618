"""Estimates of time, from logs, timed steps and counted operations."""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from chimerae.config import override
from chimerae.recipes.timing import Timing
from chimerae.studies import Cell, Forecast, Resources, forecast, pool
from chimerae.studies.forecast import OVERHEAD, RATE, makespan
from tests.helpers.rows import through
from tests.studies.standin import StandIn
from tests.studies.toy_study import cells

FLOPS = {"vae": 1e9, "avae": 3e9}
GUESSED = {name: OVERHEAD + flops / RATE for name, flops in FLOPS.items()}


def made_of(folder: Path, *, steps: int = 100, seconds: float | None = None) -> list[Cell]:
    """VAE and AVAE with the first seed, then with the second."""
    changed = {"steps": steps, "training.seconds": seconds}
    return [replace(one, run=override(one.run, changed)) for one in cells(folder)]


def forecast_of(made: list[Cell]) -> Forecast:
    return Forecast(made, lambda run, shape: FLOPS[run.method.name])


def logged(cell: Cell, step: int, seconds: float) -> None:
    cell.folder.mkdir(parents=True, exist_ok=True)
    (cell.folder / "log.jsonl").write_text(json.dumps({"step": step, "seconds": seconds}) + "\n")


def test_nothing_is_known_before_the_first_line_of_a_log(tmp_path: Path):
    made = made_of(tmp_path)
    assert forecast_of(made).paces() == {}
    longest = forecast_of(made).longest_first(made)
    assert [cell.run.method.name for cell in longest] == ["avae", "avae", "vae", "vae"]


def test_one_log_tells_of_its_seeds_and_by_operations_of_other_arms(tmp_path: Path):
    made = made_of(tmp_path)
    logged(made[0], 50, 5.0)
    paces = forecast_of(made).paces()
    slower = GUESSED["avae"] / GUESSED["vae"]
    assert paces == {"tiny, VAE": 0.1, "tiny, AVAE": pytest.approx(0.1 * slower)}
    logged(made[1], 10, 8.0)
    logged(made[2], 10, 3.0)
    assert forecast_of(made).paces() == {"tiny, VAE": pytest.approx(0.2), "tiny, AVAE": 0.8}


def test_what_is_done_is_not_needed(tmp_path: Path):
    made = made_of(tmp_path)
    logged(made[0], 70, 7.0)
    ahead = forecast_of(made)
    assert [ahead.needed(cell, 0.1) for cell in made] == pytest.approx([3.0, 10.0, 10.0, 10.0])
    logged(made[1], 99, 990.0)
    assert next(iter(ahead.longest_first(made))).label == "tiny, AVAE, seed 1"
    assert ahead.longest_first(made)[-1] is made[0]


def test_equal_times_are_known_and_nothing_is_counted(tmp_path: Path):
    made = made_of(tmp_path, seconds=60.0)
    ahead = Forecast(made, lambda run, shape: pytest.fail("operations were counted"))
    assert [ahead.needed(cell, ahead.paces()[cell.arm.title]) for cell in made] == [60.0] * 4
    assert ahead.longest_first(made) == made


def test_arms_are_timed_once_the_cheapest_first_while_there_is_time(tmp_path: Path, monkeypatch):
    threads: list[int] = []

    def time_steps(run: object, shape: object, *, at_most: float) -> Timing:
        threads.append(torch.get_num_threads())
        return Timing((0.25,), {}, 1)

    monkeypatch.setattr(forecast, "time_steps", time_steps)
    made, before = made_of(tmp_path), torch.get_num_threads()
    ahead = forecast_of(made)
    ahead.time_arms(made, lambda cell: 2)
    assert (threads, ahead.timed) == ([2, 2], {"tiny, VAE": 0.25, "tiny, AVAE": 0.25})
    assert torch.get_num_threads() == before
    ticks = itertools.chain([0.0, 0.0], itertools.repeat(forecast.ALL_SECONDS))
    monkeypatch.setattr(forecast, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    late = forecast_of(made)
    late.time_arms(made, lambda cell: 1)
    assert set(late.timed) == {"tiny, VAE"}
    assert late.paces()["tiny, AVAE"] == pytest.approx(0.25 * GUESSED["avae"] / GUESSED["vae"])
    logged(made[0], 50, 5.0)
    known = forecast_of(made_of(tmp_path))
    monkeypatch.setattr(forecast, "time", SimpleNamespace(monotonic=lambda: 0.0))
    known.time_arms(made, lambda cell: 1)
    assert set(known.timed) == {"tiny, AVAE"}


@through(
    "going, waiting, places, seconds",
    [
        ([5.0], [], 1, 5.0),
        ([1.0, 2.0], [3.0, 4.0], 1, 9.0),
        ([4.0, 1.0], [3.0, 3.0], 2, 7.0),
        ([], [3.0, 3.0, 2.0, 2.0], 2, 5.0),
        ([1.0], [3.0, 1.0], 3, 3.0),
    ],
)
def test_time_of_cells_side_by_side(going, waiting, places, seconds):
    assert makespan(going, waiting, places) == seconds


def left(made: list[Cell], going: int, *, queues: bool = False, beside: float = 0.0) -> float | None:
    """Seconds that are left when the first `going` cells were started `beside` seconds ago."""
    line = pool._Pool(made, StandIn(queues=queues), lambda cell: Resources(), "", forecast_of(made))
    line.waiting.clear()
    line.waiting.extend(made[going:])
    line.working = [pool._Work(cell, None, before=pool.learnt(cell)) for cell in made[:going]]  # type: ignore[arg-type]
    for one in line.working:
        one.began -= beside
    line.scoring = [10.0]
    return line.left()


def test_seconds_left_are_those_of_the_cells_side_by_side_with_their_scores(tmp_path: Path):
    made = made_of(tmp_path)
    assert left(made, 2) is None
    logged(made[0], 50, 5.0)
    logged(made[1], 50, 10.0)
    # 5 and 10 seconds are left of the running ones, 10 and 20 of the others; scores take 10 each
    assert left(made, 2) == pytest.approx(max(15 + 20, 20 + 30), abs=0.5)
    assert left(made, 2, beside=6.0) == pytest.approx(max(9 + 20, 14 + 30), abs=0.5)
    assert left(made, 2, beside=600.0) == pytest.approx(max(5 + 20, 10 + 30), abs=0.5)
    assert left(made[:2], 2) == pytest.approx(20, abs=0.5)


def test_cells_in_the_queue_of_a_cluster_wait(tmp_path: Path):
    """All four are with the cluster, and the logs of the first two grow."""
    made = made_of(tmp_path)
    logged(made[0], 50, 5.0)
    logged(made[1], 50, 10.0)
    assert left(made, 4, queues=True, beside=6.0) == pytest.approx(max(9 + 20, 14 + 30), abs=0.5)
    assert left(made, 4, beside=6.0) == pytest.approx(20 + 10 - 6, abs=0.5)
    for cell in made[:2]:
        os.utime(cell.folder / "log.jsonl", (0, 0))
    assert left(made, 4, queues=True) is None
