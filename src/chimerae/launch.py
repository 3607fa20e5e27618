"""Starting and resuming runs: from settings to a run folder with a trained model in it."""

from __future__ import annotations

import shlex
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chimerae import model
from chimerae.config import override
from chimerae.data import Batches, Prepared, prepare
from chimerae.data.memory import held, held_again
from chimerae.progress import Progress, silent
from chimerae.recipes.build import build
from chimerae.recipes.folder import create, free_folder, longer, never_saved, read_run, same_data, vacant
from chimerae.recipes.run import Run
from chimerae.recipes.sizing import sized
from chimerae.training.checkpoint import read_state
from chimerae.training.lock import claimed
from chimerae.training.log import Listener, ignore
from chimerae.training.loop import Loop
from chimerae.training.sheets import POINTS, SAMPLES, Sheets
from chimerae.training.state import State, build_state

NAMED = 5
"""Unreadable files that are named on the spot."""


@dataclass(frozen=True)
class Audience:
    """Who hears of a run while it goes on."""

    line: Listener = ignore
    """Called with every line of the log."""
    count: Progress = silent
    """Called while data are prepared."""
    tell: Callable[[str], None] = warnings.warn
    """Called with sentences about the data that people should read."""


def train(
    what: str | Run,
    *,
    data: object = None,
    steps: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    arch: str | None = None,
    settings: Mapping[str, Any] | None = None,
    audience: Audience = Audience(),
    command: str | None = None,
) -> Path:
    """Train a method or recipe by name, or a whole `Run`, and return its run folder.

    Args:
        what: such as "avae" (see `chimerae list recipes`), or a `Run`.
        data: a source, such as a folder of images (see `chimerae list data`), or data in memory: an array
            or tensor, a list of images, a torch or Hugging Face data set, `{"train": ..., "test": ...}` of
            these (see `docs/data.md`).
        steps: batches to play.
        seed: from which all randomness follows.
        out: the run folder; the first free `runs/<method>-<data>` when not given.
        arch: "mlp", "dcgan" or "residual"; what suits the data when not given.
        settings: further settings by dotted path, such as `{"method.beta": 5}`.
        audience: who hears of it while it goes on.
        command: how this run was asked for; the command line of this process when not given.

    Raises:
        InputError: something that was given cannot be used, and no run folder is left behind; or the disk is
            full, or a loss is not a number any more, and what was saved stays.
        Stopped: SIGINT or SIGTERM came; `resume` goes on.
    """
    with held(data) as source:
        run = what if isinstance(what, Run) else build(what, data=source, arch=arch)
        given = {"steps": steps, "seed": seed, "data": source if isinstance(what, Run) else None}
        run = override(run, {k: v for k, v in given.items() if v is not None} | dict(settings or {}))
        return start(run, out=out, audience=audience, command=command)


def start(
    run: Run,
    *,
    out: str | Path | None = None,
    audience: Audience = Audience(),
    command: str | None = None,
) -> Path:
    """Settle the size of `run`, prepare its data, make its folder and train it to the end; see `train`."""
    run, note = sized(run)
    if note:
        audience.tell(note)
    folder = Path(out) if out is not None else free_folder(run)
    vacant(folder)
    prepared = prepare(run.data, run.prepare, progress=audience.count)
    _tell_unreadable(prepared, audience)
    run.arch.check(prepared.shape)
    state = build_state(run.method, run.arch, prepared.shape, run.training, run.seed)
    create(folder, run, prepared.manifest, state.device, command or shlex.join(sys.argv))
    with claimed(folder):
        _loop(run, state, prepared, folder, audience.line).run()
    return folder


def resume(
    folder: str | Path, *, steps: int | None = None, data: object = None, audience: Audience = Audience()
) -> Path:
    """Go on with the run in `folder` from its newest state, on a CPU bit for bit as if it had never stopped.

    A run that was stopped before its first state begins again.

    Args:
        folder: the run folder.
        steps: a new total, to train longer than first asked; schedules then stretch to it.
        data: the data in memory that the run began with, where their prepared arrays are gone.
        audience: who hears of it while it goes on.

    Raises:
        InputError: there is no run or no state, they are damaged, the data have changed, or another process
        is training there.
        Stopped: SIGINT or SIGTERM came.
    """
    folder = Path(folder)
    run = read_run(folder)
    with held_again(data, run.data):
        prepared = prepare(run.data, run.prepare, progress=audience.count)
    same_data(folder, prepared.manifest)
    state = build_state(run.method, run.arch, prepared.shape, run.training, run.seed)
    with claimed(folder):
        if not never_saved(folder):
            state.load(*read_state(folder / "state"))
        if steps is not None and steps != run.steps:
            run = longer(folder, run, steps, state.step)
        _loop(run, state, prepared, folder, audience.line).run()
    return folder


def _tell_unreadable(prepared: Prepared, audience: Audience) -> None:
    unread = prepared.facts.unreadable
    if unread:
        names = ", ".join(u.name for u in unread[:NAMED]) + (", ..." if len(unread) > NAMED else "")
        audience.tell(f"{len(unread)} unreadable files are left out (all are listed in data.json): {names}")


def _loop(run: Run, state: State, prepared: Prepared, folder: Path, listener: Listener) -> Loop:
    batches = Batches(
        prepared.train,
        batch_size=run.training.batch_size,
        seed=run.seed,
        device=state.device,
        flip=run.training.flip,
    )
    n = min(len(prepared.test), SAMPLES if prepared.kind == "images" else POINTS)
    originals = prepared.test.take(range(n)).to(state.device)
    return Loop(
        state=state,
        batches=batches,
        training=run.training,
        total=run.steps,
        seed=run.seed,
        folder=folder,
        sheets=Sheets(run.method, folder / "samples", originals, run.seed),
        snapshot=lambda now: model.save(now, run.arch, prepared.shape, run, folder / "model"),
        listener=listener,
    )
