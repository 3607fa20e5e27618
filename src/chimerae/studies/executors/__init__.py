"""Places where the cells of a study run: processes here, a Ray cluster, or Slurm."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from chimerae.config import to_dict
from chimerae.studies.cells import Cell

Place = Literal["local", "ray", "slurm"]
PLACES: tuple[Place, ...] = get_args(Place)
TOLD = ("CHIMERAE_", "HF_")
"""Beginnings of the names of environment variables that a cell needs on another machine."""


@dataclass(frozen=True)
class Resources:
    """Share of a machine that one cell gets."""

    threads: int = 1
    gpus: float = 0.0
    """GPUs: 0 for none, .25 for a quarter of one."""


@dataclass(frozen=True)
class End:
    """The end of a job."""

    error: str = ""
    """One line; empty for a cell that is finished."""
    lost: bool = False
    """True when the worker is gone: the cell can be resumed from its last state."""


class Job(Protocol):
    """A cell that was handed to an executor."""

    def end(self) -> End | None:
        """Its end; None while it waits or runs."""
        ...


class Executor(Protocol):
    """Starts cells. Waiting lists, machines and GPUs of a cluster are the business of its own scheduler."""

    @property
    def every(self) -> float:
        """Seconds between two looks at the jobs."""
        ...

    @property
    def queues(self) -> bool:
        """True when started jobs may wait for a machine."""
        ...

    def fits(self, wanted: Resources) -> bool:
        """True when a further cell may be started now."""
        ...

    def start(self, task: Mapping[str, Any], wanted: Resources) -> Job:
        """Start the cell of `task`, as `task_of` describes it.

        Raises:
            InputError: the cluster refuses it.
        """
        ...

    def stop(self) -> None:
        """Have all running cells save and end, and wait for them; free what the executor holds."""
        ...


def task_of(cell: Cell, threads: int, command: str) -> dict[str, Any]:
    """A cell as JSON, with all that a process on another machine needs to run it."""
    return {
        "label": cell.label,
        "folder": str(cell.folder),
        "run": to_dict(cell.run),
        "threads": threads,
        "command": command,
        "place": str(Path.cwd()),
        "environment": {name: value for name, value in os.environ.items() if name.startswith(TOLD)},
    }


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
