"""Callbacks invoked during a run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chimerae.console import Display
from chimerae.progress import Progress, silent
from chimerae.run_folder.log import Listener, ignore
from chimerae.training.state import State


def no_picture(path: Path, step: int) -> None:
    """Do nothing with a picture."""


def untimed(profile: Sequence[float]) -> None:
    """Do nothing with the expected pace."""


def unwatched(state: State, total: int) -> None:
    """Do nothing with a state."""


@dataclass(frozen=True)
class Callbacks:
    """Callbacks invoked during a run."""

    on_log: Listener = ignore
    """Called with every line of the log, and with lines between them every 2 seconds."""
    on_progress: Progress = silent
    """Called while data are prepared."""
    on_warning: Callable[[str], None] = warnings.warn
    """Called with warnings about the data."""
    on_plan: Callable[[str], None] | None = None
    """Called with the plan, several lines, before the first step; None: a run whose steps are given is not
    timed.
    """
    on_picture: Callable[[Path, int], None] = no_picture
    """Called with the file of every preview, and the steps taken so far."""
    on_state: Callable[[State, int], None] = unwatched
    """Called after every line of the log with the state of the run and its total of steps. An exception ends
    the run; a state that is not saved is lost.
    """
    log_to: tuple[str, ...] = ()
    """Loggers that show the run as well: tensorboard, wandb, mlflow, trackio."""
    on_timing: Callable[[Sequence[float]], None] = untimed
    """Called before the first step of a run that was timed, with the seconds that a step is expected to take
    in equal parts of the run.
    """


SILENT = Callbacks(on_warning=lambda sentence: None)
"""Callbacks of all processes but the first one of a run."""


def shown_by(show: Display, log_to: tuple[str, ...] = ()) -> Callbacks:
    """Callbacks that show a run on the display `show`, and in the loggers `log_to`."""
    return Callbacks(show.line, show.count, show.tell, show.tell, log_to=log_to, on_timing=show.expect)
