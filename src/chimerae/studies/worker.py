"""Run one cell in its own process: `python -m chimerae.studies.worker` reads the task as JSON from standard
input.
"""

from __future__ import annotations

import json
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


def work(task: Mapping[str, Any]) -> int:
    """Train or resume the cell of `task`, score it, and return the exit code of the process."""
    folder, run = Path(task["folder"]), from_dict(Run, task["run"], "the task")
    seconds = run.training.seconds
    torch.set_num_threads(int(task["threads"]))
    quiet = Callbacks(on_warning=lambda sentence: None)
    try:
        if (folder / RUN).exists():
            resume(folder, steps=None if seconds else run.steps, callbacks=quiet)
        else:
            shutil.rmtree(folder, ignore_errors=True)  # a start that was killed before it wrote its run
            wish = Wish(seconds, steps=seconds is not None, learning=True)
            start(run, out=folder, callbacks=quiet, command=str(task["command"]), wish=wish)
        evaluate_run(folder, run.evaluation, device=run.training.device)
    except Stopped as stop:
        return 128 + stop.signum
    except InputError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(work(json.load(sys.stdin)))
