"""Start and resume runs: from settings to a run folder with a trained model in it."""

from __future__ import annotations

import shlex
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from chimerae import model
from chimerae.config import override
from chimerae.console import display
from chimerae.data import Batches, Prepared, prepare
from chimerae.data.memory import held, held_again
from chimerae.methods import Method
from chimerae.nets import Architecture
from chimerae.progress import Progress, silent
from chimerae.recipes.build import Preset, build
from chimerae.recipes.outlook import Outlook, outlook
from chimerae.recipes.planning import Wish, wish
from chimerae.recipes.recipe import Recipe
from chimerae.recipes.threads import threads
from chimerae.run_folder.log import Listener, ignore
from chimerae.run_folder.schema import MODEL, PREVIEWS, STATE
from chimerae.runs.changes import record_changes, slower, with_changes
from chimerae.runs.folder import (
    create,
    free_folder,
    longer,
    never_saved,
    read_run,
    rewrite,
    same_data,
    same_size,
    vacant,
)
from chimerae.runs.lock import locked
from chimerae.runs.run import Run
from chimerae.training.checkpoint import newest_values, read_state
from chimerae.training.fitting import sized_for
from chimerae.training.loop import Loop
from chimerae.training.pacing import Pacer, learning_clock
from chimerae.training.players import NotFinite
from chimerae.training.previews import POINTS, SAMPLES, Previews
from chimerae.training.probe import CODES, Probe
from chimerae.training.state import State, build_state

AS_ASKED = Wish()
"""Wish of a run whose settings are all given."""
ROLLBACKS = 3
"""Times that a run goes back to its newest state, with half the learning rates, before it ends."""
NAMED = 5
"""Largest number of unreadable files that a warning names."""


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


def train(
    what: str | Method | Recipe | Run,
    *,
    data: object = None,
    steps: int | None = None,
    budget: str | float | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    arch: str | Architecture | None = None,
    settings: Mapping[str, Any] | None = None,
    preset: Preset = "short",
    callbacks: Callbacks | None = None,
    quiet: bool = False,
    command: str | None = None,
) -> Path:
    """Train a method, a recipe or a whole `Run`, and return its run folder.

    Args:
        what: a name such as "avae" (see `chimerae list recipes`), a method such as `AVAE(beta=2)` or one of
            your own, a reference such as "./my_method.py:MyMethod" to it, or a `Run`.
        data: a source, such as a folder of images (see `chimerae list data`), or data in memory: an array
            or tensor, a list of images, a torch or Hugging Face data set, `{"train": ..., "test": ...}` of
            these (see `docs/data.md`).
        steps: batches to play; wins over `budget`.
        budget: seconds, or text such as "10m", from now to the end of `evaluate`: steps, and width and size
            where they are left open, are chosen to fit (`docs/budgets.md`). A recipe that is trained on
            images takes 15 minutes on a CPU, an hour on an accelerator, when neither is given.
        seed: determines all randomness.
        out: the run folder; the first free `runs/<method>-<data>` when not given.
        arch: "mlp", "dcgan", "residual" or "wae", an architecture such as `DCGAN(width=32)` or one of your
            own, or a reference to it; the one that suits the data when not given.
        settings: further settings by dotted path, such as `{"method.beta": 5}`.
        preset: `short` for settings that learn from images within minutes, `paper` for the source's.
        callbacks: invoked during the run; progress goes to standard error when none are given.
        quiet: print nothing when no callbacks are given.
        command: the command of this run, for its records; the command line of this process when not given.

    Raises:
        InputError: an argument cannot be used (then no run folder is left behind), the disk is full, or a
            loss became NaN or infinite (then saved files stay).
        Stopped: SIGINT, SIGTERM or another of `signals.STOPPING` came; `resume` goes on.
    """
    began = time.monotonic()
    named = None if isinstance(what, Run) else what
    with held(data) as source, _or_display(callbacks, quiet) as shown:
        run = what if isinstance(what, Run) else build(what, data=source, arch=arch, preset=preset)
        given = {"steps": steps, "seed": seed, "data": source if isinstance(what, Run) else None}
        changes = {k: v for k, v in given.items() if v is not None} | dict(settings or {})
        run = override(run, changes)
        return start(
            run,
            out=out,
            callbacks=shown,
            command=command,
            wish=wish(named, run, changes, budget, preset),
            paper=None if named is None else build(named, data=source, arch=arch),
            began=began,
        )


@contextmanager
def _or_display(callbacks: Callbacks | None, quiet: bool) -> Iterator[Callbacks]:
    """The given `callbacks`, by default a display on standard error; nothing where `quiet`."""
    if callbacks is not None or quiet:
        yield callbacks or Callbacks()
        return
    with display() as show:
        yield Callbacks(show.line, show.count, show.tell, show.tell)


@threads()
def start(
    run: Run,
    *,
    out: str | Path | None = None,
    callbacks: Callbacks = Callbacks(),
    command: str | None = None,
    wish: Wish = AS_ASKED,
    paper: Run | None = None,
    began: float | None = None,
) -> Path:
    """Choose the settings of `run` that `wish` leaves open, prepare its data, make its folder and train it.

    `paper`, for the plan, is the run with its source's settings; `began` is the reading of `time.monotonic`
    from which a budget counts. See `train`.
    """
    began = time.monotonic() if began is None else began
    folder = Path(out) if out is not None else free_folder(run)
    vacant(folder)
    ahead = foresee(run, folder, callbacks=callbacks, wish=wish, paper=paper, began=began)
    run, prepared = ahead.run, ahead.data
    _tell_unreadable(prepared, callbacks)
    state = build_state(run.method, run.arch, prepared.shape, run.training, run.seed)
    create(folder, run, prepared.manifest, state.device, command or shlex.join(sys.argv))

    def paced() -> Pacer | None:
        if ahead.timing is None or not ahead.paced:
            return None
        if run.training.seconds:
            clock = learning_clock(run.training, state.device)
            return Pacer(clock() + run.training.seconds, ahead.timing.seconds, clock)
        return Pacer(began + ahead.ends, ahead.timing.seconds)

    with locked(folder):
        _learn(run, state, prepared, folder, callbacks, paced)
    return folder


def foresee(
    run: Run, folder: Path, *, callbacks: Callbacks, wish: Wish, paper: Run | None, began: float
) -> Outlook:
    """Plan the run of `start`, and pass the plan to the callbacks; only prepared data are written."""
    told = callbacks.on_plan is not None
    ahead = outlook(run, wish, began=began, told=told, progress=callbacks.on_progress)
    if callbacks.on_plan is not None:
        callbacks.on_plan(ahead.plan(folder, paper).text())
    elif ahead.note:
        callbacks.on_warning(ahead.note)
    return ahead


def _learn(
    run: Run,
    state: State,
    prepared: Prepared,
    folder: Path,
    callbacks: Callbacks,
    paced: Callable[[], Pacer | None] = lambda: None,
) -> None:
    """Play the run of `folder` from `state` to its end, and go back where its settings say so."""
    for left in reversed(range(ROLLBACKS + 1)):
        loop = _loop(run, state, prepared, folder, callbacks.on_log)
        # a run of given seconds that went back has the rest of them, which `Loop.run` finds in its log
        loop.pacer = None if run.training.seconds and state.step else paced()
        try:
            loop.run()
            return
        except NotFinite as error:
            if run.training.on_nonfinite != "rollback" or not left:
                raise
            what = str(error).partition(";")[0]
        halved = slower(read_run(folder))
        run = with_changes(read_run(folder), halved)
        state = _state(run, prepared, folder, callbacks)
        record_changes(folder, run, halved, state.step)
        callbacks.on_warning(f"{what}; back to step {state.step}, with half the learning rates")


def _state(run: Run, prepared: Prepared, folder: Path, callbacks: Callbacks) -> State:
    """The newest saved state of `folder`, or a fresh one where nothing was saved yet."""
    begun = not never_saved(folder)
    with sized_for(newest_values(folder / STATE), folder / STATE) if begun else nullcontext():
        state = build_state(run.method, run.arch, prepared.shape, run.training, run.seed)
    if begun:
        state.load(*read_state(folder / STATE, callbacks.on_warning))
    return state


def resume(
    folder: str | Path,
    *,
    steps: int | None = None,
    settings: Mapping[str, Any] | None = None,
    data: object = None,
    callbacks: Callbacks | None = None,
    quiet: bool = False,
) -> Path:
    """Resume the run in `folder` from its newest state, on a CPU bit for bit as if it had never stopped.

    A run that was stopped before its first state begins again.

    Args:
        folder: the run folder.
        steps: a new total, to train longer than first planned; schedules then stretch to it.
        settings: settings of the method or of training to change from here on, by dotted path, such as
            `{"training.optimizer.lr": 1e-4}`. `run.json` records them with the step.
        data: the data in memory that the run began with, where their prepared arrays are gone.
        callbacks: invoked during the run; progress goes to standard error when none are given.
        quiet: print nothing when no callbacks are given.

    Raises:
        InputError: the run or its state is missing or damaged, the data have changed, or another process
            is training there.
        Stopped: as `train` says.
    """
    with _or_display(callbacks, quiet) as shown:
        return _resumed(Path(folder), steps, settings or {}, data, shown)


def _resumed(
    folder: Path, steps: int | None, settings: Mapping[str, Any], data: object, callbacks: Callbacks
) -> Path:
    run = with_changes(read_run(folder), settings)
    same_size(folder, run)
    with held_again(data, run.data):
        prepared = prepare(run.data, run.prepare, progress=callbacks.on_progress)
    same_data(folder, prepared.manifest)
    with threads(run.training.threads), locked(folder):
        state = _state(run, prepared, folder, callbacks)
        if steps is not None and steps != run.steps:
            run = longer(folder, run, steps, state.step)
        if settings:
            record_changes(folder, run, settings, state.step)
        _learn(run, state, prepared, folder, callbacks)
    return folder


def _tell_unreadable(prepared: Prepared, callbacks: Callbacks) -> None:
    unread = prepared.facts.unreadable
    if unread:
        names = ", ".join(u.name for u in unread[:NAMED]) + (", ..." if len(unread) > NAMED else "")
        callbacks.on_warning(
            f"{len(unread)} unreadable files are left out (all are listed in data.json): {names}"
        )


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
        previews=Previews(run.method, folder / PREVIEWS, originals, run.seed),
        probe=Probe(run.method, _with_training_samples(originals, prepared), run.seed),
        snapshot=lambda now: model.save(now, run.arch, prepared.shape, run, folder / MODEL),
        listener=listener,
        replanned=lambda total, training: rewrite(folder, replace(run, steps=total, training=training)),
    )


def _with_training_samples(originals: Tensor, prepared: Prepared) -> Tensor:
    """At least `CODES` samples where the data have them: a small test split is filled up from training."""
    missing = min(max(CODES - len(originals), 0), len(prepared.train))
    return torch.cat([originals, prepared.train.take(range(missing)).to(originals)]) if missing else originals
