"""A study that takes a moment, with its cells in forked processes: they are killed with it."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path

from chimerae.config import override, to_dict
from chimerae.data import Prepare
from chimerae.methods import BY_NAME
from chimerae.networks import MLP
from chimerae.runs.run import Run
from chimerae.studies import (
    Arm,
    Cell,
    MetricColumn,
    Study,
    StudyResults,
    Verdict,
    cells_of,
    conduct,
    pool,
    slim,
    write_page,
)
from chimerae.studies.worker import work
from chimerae.training.settings import Training

TRAINING = Training(batch_size=8, log_every=1, save_every=2, keep=1, device="cpu")


def arms(scale: str) -> tuple[Arm, ...]:
    """A VAE and a GAN on points."""
    run = Run(
        method=BY_NAME["vae"](z_dim=2), arch=MLP(width=4), data="8gaussians", prepare=Prepare(), steps=3
    )
    run = override(run, {"evaluation.metrics": ("mse_points", "kl_nats"), "evaluation.n": 16})
    run = override(run, {f"training.{name}": value for name, value in to_dict(TRAINING).items()})
    other = override(run, {"training.ema": 0.0})
    return Arm("with", run, "tiny"), Arm("without", other, "tiny")


def verdict(found: StudyResults) -> Verdict:
    """Always the same."""
    return Verdict("agrees", f"{found('tiny, with', 'kl_nats').n} seeds were run")


STUDY = Study(
    name="tiny",
    about="Does it go on?",
    source="nobody",
    method="Two arms.",
    arms=arms,
    shows=(MetricColumn("kl_nats", "KL"), MetricColumn("mse_points", "MSE")),
    verdict=verdict,
    published={},
)


@dataclass
class Forked:
    """Stands in for `subprocess.Popen`: the worker of one cell, in a fork."""

    child: int
    returncode: int | None = None

    def poll(self) -> int | None:
        """Exit code; None while it runs."""
        if self.returncode is None:
            ended, status = os.waitpid(self.child, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if ended else None
        return self.returncode

    def wait(self) -> int:
        """Exit code, in the end."""
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])
        return self.returncode

    def terminate(self) -> None:
        """Leave it alone: it ends soon."""


def started(cell: Cell, threads: int, command: str) -> pool._Process:
    """`pool._started`, with a fork for the process."""
    child = os.fork()
    if not child:
        code = 1
        try:
            task = {"folder": str(cell.folder), "run": to_dict(cell.run), "threads": 1, "command": command}
            code = work(task)
        finally:
            os._exit(code)
    return pool._Process(cell, Forked(child), io.BytesIO())  # type: ignore[arg-type]


def conduct_and_write() -> None:
    """`chimerae study`, in the folder `study`; records go to `published`."""
    pool._started, pool.POLL_SECONDS = started, 0.01
    folder, published = Path("study"), Path("published")
    cells = cells_of(STUDY, folder, scale="quick", seeds=1)
    if failed := conduct(cells, jobs=1):
        raise SystemExit(f"{failed}")
    for cell in cells:
        slim(cell, published / "cells" / cell.folder.name)
    for place, html in ((published, False), (folder, True)):
        write_page(STUDY, cells, place, scale="quick", command="chimerae study tiny", html=html)
