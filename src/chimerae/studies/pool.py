"""Cells side by side: each is trained and scored in a process of its own, so a failure spares the others."""

from __future__ import annotations

import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from chimerae.progress import Progress, silent
from chimerae.run_folder.schema import LOG
from chimerae.studies.cells import Cell
from chimerae.studies.executors import Executor, Job, Resources, cores, task_of
from chimerae.studies.executors.local import Local
from chimerae.studies.forecast import Forecast, learnt, makespan, share
from chimerae.training.signals import Request, stop_requests

TOLD_SECONDS = 1.0
RETRIES = 3
"""Times that a cell whose worker was lost is started again."""


class Interrupted(Exception):
    """A signal stopped the study; every run that was going on has saved its state."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signum).name}; what was going on is saved")
        self.signum = signum


@dataclass(eq=False)
class _Work:
    """A started cell."""

    cell: Cell
    job: Job
    began: float = field(default_factory=time.time)
    before: float = 0.0
    """Seconds that it had learnt when it was started."""

    @property
    def beside(self) -> float:
        """Seconds since its start that were not learning."""
        return max(time.time() - self.began - (learnt(self.cell) - self.before), 0.0)

    @property
    def runs(self) -> bool:
        """True when its log has grown since it was started."""
        log = self.cell.folder / LOG
        return log.exists() and log.stat().st_mtime >= self.began


@dataclass
class _Pool:
    """Cells that wait, are under way, or have failed."""

    cells: Sequence[Cell]
    executor: Executor
    resources: Callable[[Cell], Resources]
    command: str
    forecast: Forecast
    waiting: deque[Cell] = field(init=False)
    working: list[_Work] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)
    """Times that the worker of a cell was lost, by label."""
    scoring: list[float] = field(default_factory=list)
    """Seconds of ended cells beside learning: start, data and scores."""

    def __post_init__(self) -> None:
        unfinished = [cell for cell in self.cells if not cell.finished]
        self.waiting = deque(self.forecast.longest_first(unfinished))

    def fill(self) -> None:
        """Start waiting cells while there is room."""
        while self.waiting and self.executor.fits(wanted := self.resources(self.waiting[0])):
            cell = self.waiting.popleft()
            job = self.executor.start(task_of(cell, wanted.threads, self.command), wanted)
            self.working.append(_Work(cell, job, before=learnt(cell)))

    def collect(self) -> None:
        """Remove the jobs that have ended; a cell whose worker was lost waits again, as the first."""
        for one in list(self.working):
            end = one.job.end()
            if end is None:
                continue
            self.working.remove(one)
            label = one.cell.label
            if end.lost and self.lost[label] < RETRIES:
                self.lost[label] += 1
                self.waiting.appendleft(one.cell)
            elif end.error:
                again = f", the last of {RETRIES + 1} times" if end.lost else ""
                self.failed[label] = end.error + again
            elif not self.executor.queues:
                self.scoring.append(one.beside)

    def tell(self, progress: Progress) -> None:
        """Report the work done and in all, over all cells, and the seconds that are left.

        The unit is steps, seconds of learning if all runs are timed, or percent if some are.
        """
        going = {id(one.cell) for one in self.working} | {id(cell) for cell in self.waiting}
        shares = [share(cell) if id(cell) in going else 1.0 for cell in self.cells]
        ready = len(self.cells) - len(going) - len(self.failed)
        unit, sizes = self._sizes()
        progress(
            round(sum(size * done for size, done in zip(sizes, shares, strict=True))),
            round(sum(sizes)),
            f"{unit}, {ready} of {len(self.cells)} runs finished",
            left=self.left(),
        )

    def _sizes(self) -> tuple[str, list[float]]:
        """Unit of progress, and the size of every cell in it."""
        times = [cell.run.training.seconds for cell in self.cells]
        seconds = [limit for limit in times if limit is not None]
        if not seconds:
            return "steps", [float(cell.steps) for cell in self.cells]
        if len(seconds) == len(times):
            return "seconds of learning", seconds
        return "percent of all runs", [100 / len(self.cells)] * len(self.cells)

    def left(self) -> float | None:
        """Estimated seconds to the end of the study; None before a step was logged."""
        paces = self.forecast.paces()
        after = fmean(self.scoring) if self.scoring else 0.0
        going = [one for one in self.working if one.runs or not self.executor.queues]
        later = [*(one.cell for one in self.working if one not in going), *self.waiting]
        known = all(cell.arm.title in paces for cell in [*(one.cell for one in going), *later])
        if not (going and known):
            return None

        def needed(cell: Cell, beside: float = 0.0) -> float:
            return self.forecast.needed(cell, paces[cell.arm.title]) + max(after - beside, 0.0)

        return makespan([needed(one.cell, one.beside) for one in going], [*map(needed, later)], len(going))


def conduct(
    cells: Sequence[Cell],
    *,
    jobs: int = 1,
    progress: Progress = silent,
    command: str = "chimerae study",
    executor: Executor | None = None,
    resources: Callable[[Cell], Resources] | None = None,
    forecast: Forecast | None = None,
) -> Mapping[str, str]:
    """Train and score every unfinished cell, the longest first, and return failed cells with errors.

    A cell whose worker was lost (killed, or on a machine that is gone) is started again, up to `RETRIES`
    times, and resumes from its last state.

    Args:
        cells: cells of one study.
        jobs: cells at a time, in processes on this machine.
        progress: called about every second.
        command: for the records of the runs.
        executor: another place where cells run; then `jobs` is without effect.
        resources: threads and GPUs of a cell; an equal share of the cores when not given.
        forecast: estimates for `cells`.

    Raises:
        Interrupted: SIGINT or SIGTERM came.
        InputError: the executor refuses a cell.
    """
    on = Local(jobs) if executor is None else executor
    equal = Resources(max(1, cores() // jobs))
    pool = _Pool(cells, on, resources or (lambda cell: equal), command, forecast or Forecast(cells))
    with stop_requests() as request:
        try:
            _work_through(pool, request, progress)
        finally:
            on.stop()
    return pool.failed


def _work_through(pool: _Pool, request: Request, progress: Progress) -> None:
    """Start and collect cells until none is left; `Interrupted` on a request to stop."""
    told = 0.0
    while pool.waiting or pool.working:
        pool.fill()
        time.sleep(pool.executor.every)
        pool.collect()
        if request.signum is not None:
            raise Interrupted(request.signum)
        if time.monotonic() - told >= TOLD_SECONDS:
            pool.tell(progress)
            told = time.monotonic()
