"""Cells in parallel processes: each is trained and scored in its own, so a failure spares the others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from chimerae.config import to_dict
from chimerae.progress import Progress, silent
from chimerae.studies.cells import Cell
from chimerae.training.signals import stop_requests

POLL_SECONDS = 0.2
TOLD_SECONDS = 1.0


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Interrupted(Exception):
    """A signal stopped the study; every run that was going on has saved its state."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signum).name}; what was going on is saved")
        self.signum = signum


@dataclass
class _Process:
    """A running cell."""

    cell: Cell
    process: subprocess.Popen[bytes]
    errors: IO[bytes]

    def complaint(self) -> str:
        """The last line of its standard error."""
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it ended with exit code {self.process.returncode}"


@dataclass
class _Pool:
    """Cells that wait, are running, or have failed."""

    cells: Sequence[Cell]
    jobs: int
    command: str
    waiting: deque[Cell] = field(init=False)
    working: list[_Process] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.waiting = deque(cell for cell in self.cells if not cell.finished)

    def fill(self) -> None:
        """Start waiting cells while there is room."""
        while self.waiting and len(self.working) < self.jobs:
            self.working.append(_started(self.waiting.popleft(), self._threads, self.command))

    def collect(self) -> None:
        """Remove the processes that have ended."""
        for one in [one for one in self.working if one.process.poll() is not None]:
            self.working.remove(one)
            if one.process.returncode != 0:
                self.failed[one.cell.label] = one.complaint()
            one.errors.close()

    def stop(self) -> None:
        """Signal every running cell to save and end, and wait for them."""
        for one in self.working:
            one.process.terminate()
        for one in self.working:
            one.process.wait()
            one.errors.close()
        self.working.clear()

    def tell(self, progress: Progress) -> None:
        """Report steps done and steps in all, over all cells; seconds of learning if the runs are timed."""
        going = {id(one.cell) for one in self.working} | {id(cell) for cell in self.waiting}
        sizes = [cell.run.training.seconds or cell.steps for cell in self.cells]
        shares = [1.0 if id(cell) not in going else cell.reached / cell.steps for cell in self.cells]
        ready = len(self.cells) - len(going) - len(self.failed)
        unit = "seconds of learning" if self.cells[0].run.training.seconds else "steps"
        progress(
            round(sum(size * share for size, share in zip(sizes, shares, strict=True))),
            round(sum(sizes)),
            f"{unit}, {ready} of {len(self.cells)} runs finished",
        )

    @property
    def _threads(self) -> int:
        return max(1, cores() // self.jobs)


def conduct(
    cells: Sequence[Cell], *, jobs: int = 1, progress: Progress = silent, command: str = "chimerae study"
) -> Mapping[str, str]:
    """Train and score every cell that is not finished, `jobs` at a time, and return failed cells with errors.

    Raises:
        Interrupted: SIGINT or SIGTERM came.
    """
    pool, told = _Pool(cells, jobs, command), 0.0
    with stop_requests() as request:
        try:
            while pool.waiting or pool.working:
                pool.fill()
                time.sleep(POLL_SECONDS)
                pool.collect()
                if request.signum is not None:
                    raise Interrupted(request.signum)
                if time.monotonic() - told >= TOLD_SECONDS:
                    pool.tell(progress)
                    told = time.monotonic()
        finally:
            pool.stop()
    return pool.failed


def _started(cell: Cell, threads: int, command: str) -> _Process:
    errors = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the process)
    process = subprocess.Popen(
        [sys.executable, "-m", "chimerae.studies.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        start_new_session=True,  # Ctrl-C reaches it through us, once
    )
    task = {
        "folder": str(cell.folder),
        "run": to_dict(cell.run),
        "threads": threads,
        "command": command,
    }
    assert process.stdin is not None
    with process.stdin:
        process.stdin.write(json.dumps(task).encode())
    return _Process(cell, process, errors)
