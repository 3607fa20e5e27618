"""Start and resume runs: from settings to a run folder with a trained model in it."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from chimerae.config import from_dict, override, to_dict
from chimerae.console import display
from chimerae.data import Prepared, prepare
from chimerae.data.augment import check_crop
from chimerae.data.memory import held, held_again
from chimerae.errors import InputError
from chimerae.loggers import checked
from chimerae.methods import Method
from chimerae.nets import Architecture
from chimerae.parallel import Group, in_turns, joined, place, rows_of
from chimerae.recipes.build import Preset, build
from chimerae.recipes.outlook import Outlook, outlook
from chimerae.recipes.planning import Wish, wish
from chimerae.recipes.recipe import Recipe
from chimerae.recipes.threads import threads
from chimerae.run_folder.schema import RUN
from chimerae.runs.callbacks import SILENT, shown_by
from chimerae.runs.callbacks import Callbacks as Callbacks
from chimerae.runs.changes import record_changes, record_processes, with_changes
from chimerae.runs.folder import create, free_folder, longer, read_run, same_data, same_size, vacant
from chimerae.runs.labelled import check_labels
from chimerae.runs.learn import learn, locked_together, newest_state
from chimerae.runs.origin import adopted, fresh_state
from chimerae.runs.run import Run
from chimerae.training.pacing import Pacer, learning_clock

AS_ASKED = Wish()
"""Wish of a run whose settings are all given."""
NAMED = 5
"""Largest number of unreadable files that a warning names."""


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
    log_to: str | Sequence[str] = (),
    command: str | None = None,
    init: str | Path | None = None,
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
        arch: "mlp", "dcgan", "residual", "style" or "wae", an architecture such as `DCGAN(width=32)` or
            one of your own, or a reference to it; the one that suits the data when not given.
        settings: further settings by dotted path, such as `{"method.beta": 5}`.
        preset: `short` for settings that learn from images within minutes, `paper` for the source's.
        callbacks: invoked during the run; progress goes to standard error when none are given.
        quiet: print nothing when no callbacks are given.
        log_to: loggers that show the run as well: "tensorboard", "wandb", "mlflow", "trackio", or several of
            them (`docs/loggers.md`); `resume` and `evaluate` go on with them.
        command: the command of this run, for its records; the command line of this process when not given.
        init: model that `kl-gan` begins with: that of a run or folder, or an `AutoencoderKL` of diffusers
            (folder, or OWNER/NAME on the hub); the setting `"method.train": "decoder"` keeps its encoder.

    Raises:
        InputError: an argument cannot be used (then no run folder is left behind), the disk is full, or a
            loss became NaN or infinite (then saved files stay).
        Stopped: SIGINT, SIGTERM or another of `signals.STOPPING` came; `resume` goes on.
    """
    began = time.monotonic()
    named = None if isinstance(what, Run) else what
    with held(data) as source, _or_display(callbacks, quiet, log_to) as shown:
        run = what if isinstance(what, Run) else build(what, data=source, arch=arch, preset=preset)
        run = run if init is None else adopted(run, str(init))
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
def _or_display(callbacks: Callbacks | None, quiet: bool, log_to: str | Sequence[str]) -> Iterator[Callbacks]:
    """The given `callbacks`, by default a display on standard error; nothing where `quiet`, and in all
    processes but the first.
    """
    if place().rank:
        yield SILENT
        return
    asked = checked([log_to] if isinstance(log_to, str) else log_to)
    if callbacks is not None or quiet:
        given = callbacks or Callbacks()
        yield replace(given, log_to=given.log_to + asked)
        return
    with display() as show:
        yield shown_by(show, asked)


@threads()
def start(
    run: Run,
    *,
    out: str | Path | None = None,
    callbacks: Callbacks | None = None,
    command: str | None = None,
    wish: Wish = AS_ASKED,
    paper: Run | None = None,
    began: float | None = None,
) -> Path:
    """Choose the settings of `run` that `wish` leaves open, prepare its data, make its folder and train it.

    `paper`, for the plan, is the run with its source's settings; `began` is the reading of `time.monotonic`
    from which a budget counts. See `train`.

    Under torchrun all processes train the run together; when torchrun has restarted them, they go on with it.
    """
    began = time.monotonic() if began is None else began
    folder = _folder(out, run)
    with joined(run.training.device) as group:
        callbacks = (callbacks or Callbacks()) if group.first else SILENT
        restarts = group.most(place().restarts)  # a machine counts its own
        if any(restarts) and group.by_first((folder / RUN).exists):
            return _resumed(folder, None, {}, None, callbacks, group)
        rows_of(run.training.batch_size, run.training.grad_accumulation, group)  # before it takes time
        run, prepared, ahead = _planned(run, folder, callbacks, wish, paper, began, group)
        check_crop(run.training.random_crop, prepared.shape)
        _tell_unreadable(prepared, callbacks)
        state = fresh_state(run, prepared.shape)
        made = partial(create, folder, run, prepared.manifest, state.device, command or shlex.join(sys.argv))
        group.by_first(partial(made, processes=group.size))
        paced = partial(_pacer, run, ahead, state.device, began)
        if ahead is not None and ahead.timing is not None:
            callbacks.on_timing(ahead.timing.seconds)
        with threads(run.training.threads), locked_together(folder, group):
            learn(run, state, prepared, folder, callbacks, paced, group)
    return folder


def _pacer(run: Run, ahead: Outlook | None, device: torch.device, began: float) -> Pacer | None:
    """The pacer that ends `run` in time; None where its steps are given."""
    if ahead is None or ahead.timing is None or not ahead.paced:
        return None
    if run.training.seconds:
        clock = learning_clock(run.training, device)
        return Pacer(clock() + run.training.seconds, ahead.timing.seconds, clock)
    return Pacer(began + ahead.ends, ahead.timing.seconds)


def _folder(out: str | Path | None, run: Run) -> Path:
    """The folder of a new run."""
    if out is None and place().size > 1:
        raise InputError(
            "many processes need --out DIR: restarted by torchrun, they go on with the run there"
        )
    return Path(out) if out is not None else free_folder(run)


def _planned(
    run: Run,
    folder: Path,
    callbacks: Callbacks,
    wish: Wish,
    paper: Run | None,
    began: float,
    group: Group,
) -> tuple[Run, Prepared, Outlook | None]:
    """The run as the first process plans it, its data, and in that process the outlook."""
    outlooks: list[Outlook] = []

    def plan() -> dict[str, Any]:
        vacant(folder)
        outlooks.append(foresee(run, folder, callbacks=callbacks, wish=wish, paper=paper, began=began))
        return to_dict(outlooks[0].run)

    settings = group.by_first(plan)
    ahead = outlooks[0] if outlooks else None
    chosen = ahead.run if ahead else from_dict(Run, settings)
    prepared = in_turns(group, lambda: ahead.data if ahead else prepare(chosen.data, chosen.prepare))
    return chosen, prepared, ahead


def foresee(
    run: Run, folder: Path, *, callbacks: Callbacks, wish: Wish, paper: Run | None, began: float
) -> Outlook:
    """Plan the run of `start`, and pass the plan to the callbacks; only prepared data are written."""
    told = callbacks.on_plan is not None
    ahead = outlook(run, wish, began=began, told=told, progress=callbacks.on_progress)
    check_labels(ahead.run.method, ahead.data)
    fitted = ahead.run.method.fitted(ahead.data.shape, ahead.run.arch)
    ahead = replace(ahead, run=replace(ahead.run, method=fitted))
    if callbacks.on_plan is not None:
        callbacks.on_plan(ahead.plan(folder, paper).text())
    elif ahead.note:
        callbacks.on_warning(ahead.note)
    return ahead


def resume(
    folder: str | Path,
    *,
    steps: int | None = None,
    settings: Mapping[str, Any] | None = None,
    data: object = None,
    callbacks: Callbacks | None = None,
    quiet: bool = False,
    log_to: str | Sequence[str] = (),
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
        log_to: further loggers, as for `train`.

    Raises:
        InputError: the run or its state is missing or damaged, the data have changed, or another process
            is training there.
        Stopped: as `train` says.
    """
    run = with_changes(read_run(Path(folder)), settings or {})
    with _or_display(callbacks, quiet, log_to) as shown, joined(run.training.device) as group:
        return _resumed(Path(folder), steps, settings or {}, data, shown, group)


def _resumed(
    folder: Path,
    steps: int | None,
    settings: Mapping[str, Any],
    data: object,
    callbacks: Callbacks,
    group: Group,
) -> Path:
    run = with_changes(read_run(folder), settings)
    rows_of(run.training.batch_size, run.training.grad_accumulation, group)
    same_size(folder, run)
    with held_again(data, run.data):
        prepared = in_turns(group, lambda: prepare(run.data, run.prepare, progress=callbacks.on_progress))
    same_data(folder, prepared.manifest)
    with threads(run.training.threads), locked_together(folder, group):
        state = newest_state(run, prepared, folder, callbacks, group)  # all have read `run.json`
        if steps is not None and steps != run.steps:
            group.by_first(partial(longer, folder, run, steps, state.step))
            run = replace(run, steps=steps)
        if settings:
            group.by_first(partial(record_changes, folder, run, settings, state.step))
        group.by_first(partial(record_processes, folder, group.size, state.step))
        learn(run, state, prepared, folder, callbacks, group=group)
    return folder


def _tell_unreadable(prepared: Prepared, callbacks: Callbacks) -> None:
    unread = prepared.facts.unreadable
    if unread:
        names = ", ".join(u.name for u in unread[:NAMED]) + (", ..." if len(unread) > NAMED else "")
        callbacks.on_warning(
            f"{len(unread)} unreadable files are left out (all are listed in data.json): {names}"
        )
