"""Kill the worker of a study's cell, and compare the table with that of a study without an accident.

    python benchmarks/faults/lost_worker.py local|ray|slurm [--steps 400] [--out FOLDER]

Two tiny runs on points are trained with a saved state every `SAVE_EVERY` steps: first in processes on this
machine, then at the named place, where the process of the first run is killed (SIGKILL) in the middle.
`slurm` runs submitit's jobs as processes on this machine. The exit code is 1 unless the run resumed from its
newest state and both tables are equal. Linux only.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chimerae.recipes.build import build
from chimerae.run_folder.log import last_step, read_log
from chimerae.studies import (
    Arm,
    Cell,
    Executor,
    Local,
    MetricColumn,
    Resources,
    Study,
    Verdict,
    cells_of,
    conduct,
    write_page,
)

SAVE_EVERY: Final = 100
LOG_EVERY: Final = 10
METRICS: Final = ("mse_points", "kl_nats")


def study(steps: int) -> Study:
    """Two arms of tiny networks."""
    settings = {
        "method.z_dim": 2,
        "arch.width": 16,
        "steps": steps,
        "training.batch_size": 32,
        "training.log_every": LOG_EVERY,
        "training.save_every": SAVE_EVERY,
        "evaluation.n": 500,
        "evaluation.metrics": METRICS,
    }
    return Study(
        name="lost-worker",
        about="Does a lost worker change the table?",
        source="none",
        method="Points on rings.",
        arms=lambda scale: tuple(
            Arm(name, build(name, data="rings", settings=settings)) for name in ("vae", "avae")
        ),
        shows=tuple(MetricColumn(metric, metric) for metric in METRICS),
        verdict=lambda found: Verdict("unclear", "no claim"),
    )


def executor_of(place: str, folder: Path) -> Executor:
    """The executor of that name."""
    if place == "ray":
        from chimerae.studies.executors.on_ray import Ray

        return Ray(jobs=1)
    if place == "slurm":
        from chimerae.studies.executors.on_slurm import Slurm

        return Slurm(folder / "jobs", jobs=1, cluster="local", every=0.5)
    return Local(1)


def processes_in(folder: Path) -> list[int]:
    """Processes that hold the lock of the run in `folder`."""
    lock, found = (folder / ".lock").resolve(), []
    for entry in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if entry.resolve() == lock:
                found.append(int(entry.parts[2]))
        except OSError:
            continue
    return found


class Killer(threading.Thread):
    """Kills the process that trains `cell` when it is past its second state."""

    def __init__(self, cell: Cell) -> None:
        super().__init__(daemon=True)
        self.cell = cell
        self.reached = 0
        """Last logged step before the kill."""
        self.seconds: dict[int, float] = {}
        """Logged time of every step before it."""

    def run(self) -> None:
        log = self.cell.folder / "log.jsonl"
        while last_step(log) < 2 * SAVE_EVERY + LOG_EVERY:
            time.sleep(0.02)
        for pid in processes_in(self.cell.folder):
            os.kill(pid, signal.SIGKILL)
        self.seconds = {line.step: line.seconds for line in read_log(log)[0]}
        self.reached = max(self.seconds)

    def resumed_from(self) -> int:
        """Last step whose line of the log is the one of before the kill."""
        after = {line.step: line.seconds for line in read_log(self.cell.folder / "log.jsonl")[0]}
        return max((step for step, seconds in self.seconds.items() if after.get(step) == seconds), default=0)


def run(place: str, folder: Path, steps: int, *, kill: bool) -> tuple[str, Killer]:
    """The table of the study at `place`, and its killer."""
    chosen = study(steps)
    cells = cells_of(chosen, folder, scale="quick", seeds=1, device="cpu")
    killer = Killer(cells[0])
    if kill:
        killer.start()
    failed = conduct(cells, executor=executor_of(place, folder), resources=lambda cell: Resources(1))
    if failed:
        raise SystemExit(f"{place}: {failed}")
    write_page(chosen, cells, folder, scale="quick", command="lost_worker.py", html=False)
    return (folder / "table.csv").read_text("utf-8"), killer


def main(args: Sequence[str]) -> int:
    """Run both studies, print what was lost, and return the exit code."""
    place = args[0]
    steps = int(args[args.index("--steps") + 1]) if "--steps" in args else 400
    folder = Path(args[args.index("--out") + 1] if "--out" in args else tempfile.mkdtemp())
    expected, _ = run("local", folder / "undisturbed", steps, kill=False)
    table, killer = run(place, folder / place, steps, kill=True)
    lost = killer.reached - killer.resumed_from()
    print(f"{place}: killed after step {killer.reached}, resumed from step {killer.resumed_from()}")
    print(f"steps played twice: {lost}; a state is saved every {SAVE_EVERY}")
    print("the tables are equal" if table == expected else f"the tables differ:\n{expected}\n{table}")
    return 0 if table == expected and 0 <= lost <= SAVE_EVERY and killer.reached else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
