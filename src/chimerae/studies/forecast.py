"""Estimated time of cells and of a whole study."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from heapq import heapify, heapreplace
from math import isfinite
from statistics import fmean
from typing import Final

import torch

from chimerae.data import source_info
from chimerae.recipes.outlook import WORTH_TIMING
from chimerae.recipes.plan import operations
from chimerae.recipes.timing import time_steps
from chimerae.run_folder.log import last_line
from chimerae.run_folder.schema import LOG
from chimerae.runs.run import Run
from chimerae.shapes import Shape
from chimerae.studies.cells import Cell

RATE: Final = 2e10
"""Operations a second of one core, to compare cells of which none was timed."""
OVERHEAD: Final = 0.005
"""Seconds of a step that has no operations, for the same purpose."""
TIMED_SECONDS: Final = 0.5
"""Seconds for which the steps of one arm are timed."""
ALL_SECONDS: Final = 30.0
"""Seconds after which no further arm is timed."""

Counted = Callable[[Run, Shape], float | None]


class Forecast:
    """Estimates for the cells of a study, by arm: its seeds take equal times."""

    def __init__(self, cells: Sequence[Cell], counted: Counted = operations) -> None:
        self.cells = cells
        self.timed: dict[str, float] = {}
        """Seconds of a step that was timed before the start, by title of the arm."""
        self._counted = counted
        self._operations: dict[str, float | None] = {}

    def operations(self, cell: Cell) -> float | None:
        """Floating-point operations of a step; None where they cannot be counted."""
        title, run = cell.arm.title, cell.run
        if title not in self._operations:
            shape = source_info(run.data, run.prepare).final
            self._operations[title] = None if shape is None else self._counted(run, shape)
        return self._operations[title]

    def guess(self, cell: Cell) -> float:
        """Seconds of a step from its operations alone, good for comparisons between cells."""
        if cell.run.steps < WORTH_TIMING:
            return OVERHEAD
        return OVERHEAD + (self.operations(cell) or 0.0) / RATE

    def longest_first(self, cells: Sequence[Cell]) -> list[Cell]:
        """`cells` by the estimated time that they still need; equal ones in the order given."""
        if len({cell.arm.title for cell in cells}) < 2:
            return list(cells)
        paces = self.paces(self.guess)
        return sorted(cells, key=lambda cell: -self.needed(cell, paces[cell.arm.title]))

    def paces(self, fallback: Callable[[Cell], float] | None = None) -> dict[str, float]:
        """Seconds of a step by title: logged, timed, or from counted operations beside those of other arms.

        Where no arm was timed or logged, `fallback` gives the seconds; without it the answer is empty.
        """
        arms = {cell.arm.title: cell for cell in self.cells if cell.run.training.seconds is None}
        known = self.timed | self._logged()
        if len(known) < len(arms):
            guesses = {title: self.guess(cell) for title, cell in arms.items()}
            if known:
                factor = fmean(known[title] / guesses[title] for title in known if title in guesses)
                known = {title: factor * seconds for title, seconds in guesses.items()} | known
            elif fallback is not None:
                known = guesses
        equal = {cell.arm.title: 0.0 for cell in self.cells if cell.run.training.seconds is not None}
        return known | equal

    def needed(self, cell: Cell, pace: float) -> float:
        """Seconds of learning that a cell still needs, of its time if it has one, else for its steps."""
        limit = cell.run.training.seconds
        if limit is not None:
            return limit * (1 - share(cell))
        return max(cell.steps - cell.reached, 0) * pace

    def _logged(self) -> dict[str, float]:
        """Seconds of a step by title, from the logs of cells that count in steps."""
        found: dict[str, list[float]] = {}
        for cell in self.cells:
            line = last_line(cell.folder / LOG) if cell.run.training.seconds is None else None
            if line is not None and line.step and line.seconds > 0:
                found.setdefault(cell.arm.title, []).append(line.seconds / line.step)
        return {title: fmean(paces) for title, paces in found.items()}

    def time_arms(self, cells: Sequence[Cell], threads: Callable[[Cell], int]) -> None:
        """Time a few steps of every arm of `cells` that has no log yet, the cheapest first, within
        `ALL_SECONDS`.
        """
        begun, known = time.monotonic(), self._logged()
        unknown = {cell.arm.title: cell for cell in cells if cell.arm.title not in known}
        before = torch.get_num_threads()
        try:
            for title, cell in sorted(unknown.items(), key=lambda item: self.guess(item[1])):
                run, shape = cell.run, source_info(cell.run.data, cell.run.prepare).final
                skipped = run.training.seconds is not None or run.steps < WORTH_TIMING or shape is None
                if skipped or time.monotonic() - begun >= ALL_SECONDS:
                    continue
                torch.set_num_threads(threads(cell))
                assert shape is not None
                self.timed[title] = time_steps(run, shape, at_most=TIMED_SECONDS).step
        finally:
            torch.set_num_threads(before)


def share(cell: Cell) -> float:
    """Share of the cell's steps that are done."""
    return min(cell.reached / cell.steps, 1.0)


def learnt(cell: Cell) -> float:
    """Seconds of learning in the cell's log."""
    line = last_line(cell.folder / LOG)
    return line.seconds if line is not None and isfinite(line.seconds) else 0.0


def makespan(going: Sequence[float], waiting: Sequence[float], places: int) -> float:
    """Seconds until all cells are done, when the waiting ones start in turn on `places`.

    >>> makespan([3.0, 1.0], [2.0, 2.0], 2)
    5.0
    """
    free = sorted(going, reverse=True)[:places] + [0.0] * (places - len(going))
    heapify(free)
    for seconds in waiting:
        heapreplace(free, free[0] + seconds)
    return max([*free, *going])
