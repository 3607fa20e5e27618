"""Runs that take a moment, and ways for them to end early."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from chimerae.config import from_dict
from chimerae.methods import BY_NAME
from chimerae.networks import DCGAN, MLP, Residual
from chimerae.run_folder.log import LogLine
from chimerae.runs.run import Run
from chimerae.runs.train import Callbacks
from chimerae.training.checkpoint import read_state
from chimerae.training.settings import Training

DATA = {"dcgan": "digits", "residual": "digits", "mlp": "avae-sine"}
ARCHS = {"dcgan": DCGAN(width=2), "residual": Residual(width=2), "mlp": MLP(width=8)}
OFTEN = {"batch_size": 8, "log_every": 1, "save_every": 3, "device": "cpu"}


class Crash(Exception):
    """What ends a run between two of its steps, without warning."""


def tiny_run(
    name: str, arch: str = "mlp", *, method: Mapping[str, Any] = {}, steps: int = 6, **training: Any
) -> Run:
    """A run of the method called `name` with some options, that saves its state after every third step."""
    return Run(
        method=BY_NAME[name](z_dim=2, **method),
        arch=ARCHS[arch],
        data=DATA[arch],
        training=from_dict(Training, OFTEN | training),
        steps=steps,
        seed=1,
    )


def after(step: int, act: Callable[[], object]) -> Callbacks:
    """Callbacks that call `act` once `step` is logged or shown."""

    def line(line: LogLine, total: int) -> None:
        if line.step == step:
            act()

    return Callbacks(on_log=line)


def crash() -> None:
    """End the run here."""
    raise Crash


def saved(folder: Path) -> dict[str, Tensor]:
    """The newest state of a run, with its step."""
    tensors, step = read_state(folder / "state")
    return tensors | {"step": torch.tensor(step)}


def log_of(folder: Path) -> list[dict[str, Any]]:
    """The lines of a run's log, without what a clock says."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", "images_per_second")} for line in lines]


def assert_same_run(a: Path, b: Path) -> None:
    """Run `b` equals the straight run `a` to the last bit: networks, averages, optimisers, models, log."""
    ours, theirs = saved(a), saved(b)
    assert ours.keys() == theirs.keys()
    different = [key for key in ours if not torch.equal(ours[key], theirs[key])]
    assert not different, different
    weights = Path("model") / "model.safetensors"
    assert (a / weights).read_bytes() == (b / weights).read_bytes()
    for one, other in zip(log_of(a), log_of(b), strict=True):
        # a resumed run does not know the last loss of a player who has not moved since
        assert other["losses"].items() <= one["losses"].items()
        assert one | {"losses": {}} == other | {"losses": {}}


SIGNALLING = """
import os, sys
from chimerae import cli
from chimerae.cli.console import Display

def line(self, line, total):
    if line.step == int(sys.argv[2]):
        os.kill(os.getpid(), int(sys.argv[1]))

Display.line = line
sys.exit(cli.main(sys.argv[3:]))
"""


def signalled(signum: int, step: int, args: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `chimerae ARGS` in a process of its own that gets the signal `signum` right after `step`."""
    path = os.pathsep.join(p for p in sys.path if p)
    return subprocess.run(
        [sys.executable, "-c", SIGNALLING, str(int(signum)), str(step), *args],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
