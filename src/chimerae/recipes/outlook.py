"""Preparation of a run before it starts: its size, its fit to a time limit, its data."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from chimerae.data import Prepared, prepare, source_info
from chimerae.data.opened import opened_once
from chimerae.durations import in_words
from chimerae.errors import InputError
from chimerae.progress import Progress, silent
from chimerae.recipes.judging import SHARE, evaluation_seconds
from chimerae.recipes.plan import Plan, operations, paper_cost
from chimerae.recipes.planning import Search, Wish, chosen, default_most, steps_in
from chimerae.recipes.precision import with_precision
from chimerae.recipes.sizing import sized
from chimerae.recipes.threads import with_threads
from chimerae.recipes.timing import Timing, time_steps
from chimerae.runs.run import Run
from chimerae.shapes import Shape

WORTH_TIMING = 50
"""Runs of fewer steps are not timed: timing would take as long as the run."""
GUESSED_SHARE = 0.1
"""Share of a budget that is kept for `evaluate` while the data are not prepared yet."""
LAST_SHARE = 0.01
"""Share of a budget that is kept for drawing and saving at the end."""


@dataclass(frozen=True)
class Outlook:
    """A run with its data, and the expected course of the run."""

    run: Run
    data: Prepared
    note: str
    """Change that makes all samples one size; "": none."""
    timing: Timing | None
    operations: float | None = None
    """Floating-point operations of a step."""
    gain: float | None = None
    """Speed of bfloat16 relative to float32, where both were tried."""
    most_threads: int | None = None
    """Largest number of threads that was tried; None: there was no choice."""
    evaluation: float | None = None
    """Seconds that `evaluate` is expected to take."""
    limit: float | None = None
    """Seconds that the run may take in all; None: nothing was chosen."""
    ends: float = 0.0
    """Seconds after the beginning at which learning should end, where `paced`."""
    paced: bool = False
    """True when the number of steps was chosen so that it fills the time."""

    def plan(self, folder: Path, paper: Run | None) -> Plan:
        """The plan of this run in `folder`; `paper` is the run with its source's settings."""
        t = self.timing
        return Plan(
            run=self.run,
            shape=self.data.shape,
            counts=(len(self.data.train), len(self.data.test)),
            folder=folder,
            timing=t,
            gain=self.gain,
            most_threads=self.most_threads,
            evaluation=self.evaluation,
            limit=self.limit,
            paper=None if t is None else paper_cost(self.run, self.data.shape, t, self.operations, paper),
            note=self.note,
        )


@opened_once()
def outlook(run: Run, wish: Wish, *, began: float, told: bool = True, progress: Progress = silent) -> Outlook:
    """`run` with its size settled, and the settings that `wish` leaves open chosen.

    Args:
        run: as requested.
        wish: its time limit and the settings that may be chosen.
        began: reading of `time.monotonic` from which the time that it may take counts.
        told: time some steps even when nothing is to be chosen.
        progress: called while data are prepared.

    Raises:
        InputError: the data are unusable, or nothing fits the time.
    """
    run, note = sized(run)
    limit = wish.limit(run)
    if limit is None:
        data = prepare(run.data, run.prepare, progress=progress)
        run.arch.check(data.shape)
        if run.steps < WORTH_TIMING:
            return Outlook(run, data, note, None)
        run, most = with_threads(run, data.shape)  # first: threads that wait would distort the other trial
        run, gain = with_precision(run, data.shape)
        if not told:
            return Outlook(run, data, note, None, gain=gain, most_threads=most)
        timing, counted = time_steps(run, data.shape), operations(run, data.shape)
        after = evaluation_seconds(run, data, timing, counted)
        return Outlook(run, data, note, timing, counted, gain, most, after)
    return _fitted(run, note, wish, limit, began, progress)


def _fitted(run: Run, note: str, wish: Wish, limit: float, began: float, progress: Progress) -> Outlook:
    quick = max(min(limit / 60, 3.0), 0.5)
    given = shape = _shape(run)
    run.arch.check(shape)
    run, threads = with_threads(run, shape)
    run, gain = with_precision(run, shape)
    search = Search(run, 0.0, wish.width, lambda run, shape: time_steps(run, shape, at_most=quick))
    kept, data = GUESSED_SHARE * limit, None
    if not wish.size:
        data = prepare(run.data, run.prepare, progress=progress)
        first = search.timing(shape, search.base)
        expected = evaluation_seconds(run, data, first, operations(run, shape))
        kept = min(SHARE * limit, expected)
    left = limit if wish.learning else _left(limit, kept, time.monotonic() - began)
    search.seconds = max(left, 1e-3)
    run, shape, timing = chosen(search, shape, wish.size)
    if shape != given:
        note = note.replace(_side(given), _side(shape))
    data = data or prepare(run.data, run.prepare, progress=progress)
    counted = operations(run, shape)
    after = evaluation_seconds(run, data, timing, counted)
    spent = time.monotonic() - began
    learning = limit if wish.learning else _left(limit, min(SHARE * limit, after), spent)
    if learning < timing.step:
        raise InputError(
            f"a budget of {in_words(limit)} is over before the first step: {in_words(spent)} went into "
            f"preparing and timing, and `evaluate` needs about {in_words(after)}; give more time"
        )
    steps = most = steps_in(timing, learning)
    if wish.seconds is None:
        most = default_most(len(data.train), run.training.batch_size)
    paced = steps <= most
    run = replace(run, steps=min(steps, most))
    return Outlook(run, data, note, timing, counted, gain, threads, after, limit, spent + learning, paced)


def _left(limit: float, kept: float, spent: float) -> float:
    """Seconds of `limit` that are left for learning; 0 or less when they are used up."""
    return limit * (1 - LAST_SHARE) - kept - spent


def _side(shape: Shape) -> str:
    return f"{shape[-2]}x{shape[-1]}"


def _shape(run: Run) -> Shape:
    """Shape of one sample of a run whose size is settled."""
    shape = source_info(run.data, run.prepare).final
    if shape is None:
        raise InputError(f"the samples of {run.data} differ in size; choose one with --prepare.size")
    return shape
