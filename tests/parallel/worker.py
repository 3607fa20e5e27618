"""Four processes, forked from one that has loaded PyTorch, and what they do together.

`python -m tests.parallel.worker FOLDER` writes the results of each into `FOLDER/<rank>.json`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
import torch.distributed as dist

from chimerae.data import Batches
from chimerae.errors import InputError
from chimerae.parallel import Group, joined
from chimerae.runs.callbacks import Callbacks
from chimerae.runs.train import resume, train
from chimerae.training.loop import Loop
from chimerae.training.previews import Previews
from chimerae.training.signals import Stopped
from tests.helpers.runs import tiny_run
from tests.parallel.replay import BY_FOUR, BY_TWO, differences, same_bits

SIZE = 4
QUIET = Callbacks(on_warning=lambda sentence: None)
RUN = tiny_run("avae", "dcgan", steps=8, batch_size=8, save_every=4, flip=True)
POINTS = tiny_run("vae", steps=8, batch_size=8, save_every=2)


def main(folder: Path) -> int:
    """Fork, wait, and go on alone with a run that many have begun."""
    torch.set_num_threads(1)
    with patch.object(Previews, "draw", lambda self, nets, step: None), patch("os.fsync"):
        train(RUN, out=folder / "alone", callbacks=QUIET)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        ranks = [_forked(rank, port, folder) for rank in range(SIZE)]
        codes = [os.waitstatus_to_exitcode(os.waitpid(rank, 0)[1]) for rank in ranks]
        if not any(codes):
            resume(folder / "fewer", callbacks=QUIET)
    return max(map(abs, codes))


def _forked(rank: int, port: int, folder: Path) -> int:
    child = os.fork()
    if child:
        return child
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(SIZE), "LOCAL_RANK": str(rank)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    code = 1
    try:
        (folder / f"{rank}.json").write_text(json.dumps(_results(folder)))
        code = 0
    except BaseException:
        traceback.print_exc()
    os._exit(code)


def _results(folder: Path) -> dict[str, Any]:
    with joined("cpu") as group:
        pairs = [dist.new_group([0, 1]), dist.new_group([2, 3])]
        half, place = divmod(group.rank, 2)
        return {
            "four": list(differences(BY_FOUR, group)),
            "two": list(differences(BY_TWO[half::2], Group(place, 2, pairs[half]))),
            **_stopped(group, folder),
            **_sick(group, folder),
            **_refused(folder),
            "replanned": _replanned(group, folder),
            "own statistics": _own_statistics(group, folder),
        }


def _stopped(group: Group, folder: Path) -> dict[str, Any]:
    """One process gets a signal; then all go on, and one of a copy of the run goes on alone later."""

    def stop() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with _at(3, stop if group.rank == 2 else None):
        ended = _ending(lambda: train(RUN, out=folder / "many", callbacks=QUIET))
    if group.first:
        shutil.copytree(folder / "many", folder / "fewer")
        (folder / "many" / "loggers.json").write_text('{"tensorboard": "tensorboard"}')
    group.wait()
    resume(folder / "many", callbacks=QUIET)
    return {"stopped": ended}


def _sick(group: Group, folder: Path) -> dict[str, Any]:
    """The data of one process are NaN at a step; the run ends, or goes back."""
    ended = {}
    for action in ("stop", "skip", "rollback"):
        run = tiny_run("vae", steps=8, batch_size=8, save_every=2, on_nonfinite=action)
        with _at(5, None, spoilt=group.rank == 1):
            ended[action] = _ending(lambda run=run, out=folder / action: train(run, out=out, callbacks=QUIET))
    return ended


def _refused(folder: Path) -> dict[str, Any]:
    """Input that all processes refuse."""
    six = tiny_run("vae", batch_size=6)
    return {
        "six rows": _ending(lambda: train(six, out=folder / "six", callbacks=QUIET)),
        "no folder": _ending(lambda: train(POINTS, callbacks=QUIET)),
        "taken": _ending(lambda: train(POINTS, out=folder / "many", callbacks=QUIET)),
    }


def _replanned(group: Group, folder: Path) -> list[int]:
    """Steps and total of a run whose first process wants another total at step 3."""
    steps: list[int] = []

    def paced(self: Loop) -> int:
        return 5 if self.state.step >= 3 and group.first else self.total

    def run(self: Loop, honest: Callable[[Loop], None] = Loop.run) -> None:
        honest(self)
        steps.extend([self.state.step, self.total, *self.training.replanned[0]])

    with patch.object(Loop, "_paced", paced), patch.object(Loop, "run", run):
        train(POINTS, out=folder / "replanned", callbacks=QUIET)
    return steps


def _own_statistics(group: Group, folder: Path) -> bool:
    """True when all networks are the same after BatchNorm has seen other rows in each process."""
    states = []

    def run(self: Loop, honest: Callable[[Loop], None] = Loop.run) -> None:
        honest(self)
        states.append(self.state)

    each = tiny_run("gan", "dcgan", steps=2, batch_size=16, sync_batchnorm=False)
    with patch.object(Loop, "run", run):
        train(each, out=folder / "own", callbacks=QUIET)
    return same_bits(states[0], group)


@contextmanager
def _at(step: int, act: Callable[[], None] | None, *, spoilt: bool = False) -> Iterator[None]:
    """Call `act` before step `step` (from 1) is played for the first time, and spoil its rows."""
    honest, waiting = Batches.__call__, [step]

    def rows(self: Batches, at: int) -> torch.Tensor:
        x = honest(self, at)
        if [at + 1] != waiting:
            return x
        waiting.clear()
        if act:
            act()
        return x * float("nan") if spoilt else x

    with patch.object(Batches, "__call__", rows):
        yield


def _ending(work: Callable[[], object]) -> list[Any]:
    """The end of a run: its error, message and step."""
    try:
        work()
    except Stopped as stop:
        return ["Stopped", stop.signum, stop.step]
    except InputError as error:
        return [type(error).__name__, str(error)]
    return ["done"]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
