"""Run one cell: `python -m chimerae.studies.worker` reads the task as JSON from standard input; `attempt` is
called by a cluster.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from chimerae.config import from_dict
from chimerae.errors import InputError
from chimerae.recipes.planning import Wish
from chimerae.run_folder.schema import RUN
from chimerae.runs.evaluate import evaluate_run
from chimerae.runs.run import Run
from chimerae.runs.train import Callbacks, resume, start
from chimerae.training.signals import Stopped


def run_cell(task: Mapping[str, Any]) -> None:
    """Train or resume the cell of `task`, and score it.

    Raises:
        InputError: it cannot be trained.
        Stopped: a signal came; its state is saved.
    """
    folder, run = Path(task["folder"]), from_dict(Run, task["run"], "the task")
    seconds = run.training.seconds
    torch.set_num_threads(int(task["threads"]))
    quiet = Callbacks(on_warning=lambda sentence: None)
    if (folder / RUN).exists():
        resume(folder, steps=None if seconds else run.steps, callbacks=quiet)
    else:
        shutil.rmtree(folder, ignore_errors=True)  # a start that was killed before it wrote its run
        wish = Wish(seconds, steps=seconds is not None, learning=True)
        start(run, out=folder, callbacks=quiet, command=str(task["command"]), wish=wish)
    evaluate_run(folder, run.evaluation, device=run.training.device)


def work(task: Mapping[str, Any]) -> int:
    """Run the cell of `task`, and return the exit code of the process; an error goes to standard error."""
    try:
        run_cell(task)
    except Stopped as stop:
        return 128 + stop.signum
    except InputError as error:
        print(_line(error), file=sys.stderr)
        return 2
    return 0


def attempt(task: Mapping[str, Any]) -> str:
    """Run the cell of `task` in this process, which may be on another machine than the study, and return its
    error in one line; empty when it is finished.

    Raises:
        Stopped: a signal came; its state is saved.
    """
    os.environ.update(task["environment"])
    try:
        os.chdir(task["place"])
    except OSError as error:
        where = f"{task['place']} cannot be entered on {platform.node()}"
        return f"{where}: {error.strerror}; all machines must share it"
    try:
        run_cell(task)
    except InputError as error:
        return _line(error)
    return ""


def _line(error: InputError) -> str:
    return " ".join(str(error).split())


if __name__ == "__main__":
    sys.exit(work(json.load(sys.stdin)))
