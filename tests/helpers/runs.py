"""Runs that take a moment, and ways for them to end early."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from chimerae import cli
from chimerae.cli.console import Display
from chimerae.config import from_dict
from chimerae.methods import BY_NAME
from chimerae.networks import DCGAN, MLP, Residual, Style
from chimerae.run_folder.log import LogLine
from chimerae.runs.run import Run
from chimerae.runs.train import Callbacks
from chimerae.training.checkpoint import read_state
from chimerae.training.settings import Training

DATA = {"dcgan": "digits", "residual": "digits", "style": "digits", "mlp": "avae-sine"}
ARCHS = {"dcgan": DCGAN(width=2), "residual": Residual(width=2), "style": Style(width=2), "mlp": MLP(width=8)}
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


@dataclass(frozen=True)
class Ended:
    """Exit code of a process, negative for the signal that killed it, and its standard error."""

    returncode: int
    stderr: str


def signalled(signum: int, step: int, args: Sequence[str], cwd: Path) -> Ended:
    """Run `chimerae ARGS` in a process of its own that gets the signal `signum` right after `step`.

    It is forked, since a new one takes seconds to load its libraries, and computes on one thread: those of an
    OpenMP pool stay with the parent.
    """
    errors = cwd / f"stderr-{step}"
    if not (child := os.fork()):
        code = 99
        try:
            code = _signalled(signum, step, args, cwd, errors)
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Ended(code, errors.read_text("utf-8"))


def _signalled(signum: int, step: int, args: Sequence[str], cwd: Path, errors: Path) -> int:
    def line(self: Display, line: LogLine, total: int) -> None:
        if line.step == step:
            os.kill(os.getpid(), signum)

    torch.set_num_threads(1)
    os.chdir(cwd)
    Display.line = line  # type: ignore[method-assign]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with errors.open("w", encoding="utf-8") as file, redirect_stderr(file), redirect_stdout(io.StringIO()):
        return cli.main(args)
