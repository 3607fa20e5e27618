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
from chimerae.judge import judge
from chimerae.launch import Audience, resume, start
from chimerae.recipes.folder import RUN
from chimerae.recipes.planning import Wish
from chimerae.recipes.run import Run
from chimerae.training.signals import Stopped


def work(task: Mapping[str, Any]) -> int:
    """Train or resume the cell of `task`, score it, and return the exit code of the process."""
    folder, run = Path(task["folder"]), from_dict(Run, task["run"], "the task")
    seconds = run.training.seconds
    torch.set_num_threads(int(task["threads"]))
    quiet = Audience(tell=lambda sentence: None)
    try:
        if (folder / RUN).exists():
            resume(folder, steps=None if seconds else run.steps, audience=quiet)
        else:
            shutil.rmtree(folder, ignore_errors=True)  # a start that was killed before it wrote its run
            wish = Wish(seconds, steps=seconds is not None, learning=True)
            start(run, out=folder, audience=quiet, command=str(task["command"]), wish=wish)
        judge(folder, run.evaluation, device=run.training.device)
    except Stopped as stop:
        return 128 + stop.signum
    except InputError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(work(json.load(sys.stdin)))
