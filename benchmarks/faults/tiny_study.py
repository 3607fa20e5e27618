"""A study that takes a moment, with its cells in forked processes: they are killed with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chimerae.config import override, to_dict
from chimerae.data import Prepare
from chimerae.methods import BY_NAME
from chimerae.networks import MLP
from chimerae.runs.run import Run
from chimerae.studies import (
    Arm,
    MetricColumn,
    Study,
    StudyResults,
    Verdict,
    cells_of,
    conduct,
    slim,
    write_page,
)
from chimerae.studies.executors import End, Resources
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
    """A cell in a fork."""

    child: int

    def end(self) -> End | None:
        """How it ended; None while it runs."""
        ended, status = os.waitpid(self.child, os.WNOHANG)
        if not ended:
            return None
        code = os.waitstatus_to_exitcode(status)
        return End(f"it ended with exit code {code}" if code else "")


@dataclass
class Forks:
    """An executor of one cell at a time, in a fork, which is killed with the study."""

    job: Forked | None = None
    every: float = 0.01
    queues: bool = False

    def fits(self, wanted: Resources) -> bool:
        """True when the last cell has ended."""
        return self.job is None or not alive(self.job.child)

    def start(self, task: Mapping[str, Any], wanted: Resources) -> Forked:
        """Start one."""
        child = os.fork()
        if not child:
            code = 1
            try:
                code = work({**task, "threads": 1})
            finally:
                os._exit(code)
        self.job = Forked(child)
        return self.job

    def stop(self) -> None:
        """Leave it alone: it ends soon."""


def alive(child: int) -> bool:
    """True while the process is there."""
    return Path(f"/proc/{child}").exists()


def conduct_and_write() -> None:
    """`chimerae study`, in the folder `study`; records go to `published`."""
    folder, published = Path("study"), Path("published")
    cells = cells_of(STUDY, folder, scale="quick", seeds=1)
    if failed := conduct(cells, executor=Forks()):
        raise SystemExit(f"{failed}")
    for cell in cells:
        slim(cell, published / "cells" / cell.folder.name)
    for place, html in ((published, False), (folder, True)):
        write_page(STUDY, cells, place, scale="quick", command="chimerae study tiny", html=html)
