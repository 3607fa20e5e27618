"""Play the run of a folder to its end, from its newest state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from chimerae import model
from chimerae.data import Batches, Prepared
from chimerae.errors import InputError
from chimerae.labels import one_hot, weights
from chimerae.parallel import ALONE, Group, rows_of
from chimerae.run_folder.schema import MODEL, PREVIEWS, STATE
from chimerae.runs.callbacks import Callbacks
from chimerae.runs.changes import record_changes, rollbacks, slower, with_changes
from chimerae.runs.folder import never_saved, read_run, rewrite
from chimerae.runs.lock import locked
from chimerae.runs.log_to import shown_by_loggers
from chimerae.runs.measured import measure_given
from chimerae.runs.origin import fresh_state
from chimerae.runs.run import Run
from chimerae.training.checkpoint import newest_values, read_state
from chimerae.training.fitting import sized_for
from chimerae.training.loop import Loop
from chimerae.training.pacing import Pacer
from chimerae.training.players import NotFinite, build_players
from chimerae.training.previews import POINTS, SAMPLES, Previews
from chimerae.training.probe import CODES, Probe
from chimerae.training.state import State, build_state

ROLLBACKS = 3
"""Times that a run goes back to its newest state, with half the learning rates, before it ends; a change of
settings by a person starts the count anew.
"""


def learn(
    run: Run,
    state: State,
    prepared: Prepared,
    folder: Path,
    callbacks: Callbacks,
    paced: Callable[[], Pacer | None] = lambda: None,
    group: Group = ALONE,
) -> None:
    """Play the run of `folder` from `state` to its end, and go back where its settings say so."""
    sending = shown_by_loggers(callbacks, folder, run, state.step) if group.first else nullcontext(callbacks)
    with sending as shown:
        _learn(run, state, prepared, folder, shown, paced, group)


def _learn(
    run: Run,
    state: State,
    prepared: Prepared,
    folder: Path,
    callbacks: Callbacks,
    paced: Callable[[], Pacer | None],
    group: Group,
) -> None:
    while True:
        if not state.step:
            measure_given(state, prepared, callbacks.on_progress)
        loop = _loop(run, state, prepared, folder, callbacks, group)
        # a run of given seconds that went back has the rest of them, which `Loop.run` finds in its log
        loop.pacer = None if run.training.seconds and state.step else paced()
        try:
            loop.run()
            return
        except NotFinite as error:
            if run.training.on_nonfinite != "rollback" or rollbacks(folder) >= ROLLBACKS:
                raise
            what = str(error).partition(";")[0]
        halved = slower(read_run(folder))
        run = with_changes(read_run(folder), halved)
        _go_back(state, run, prepared, folder, callbacks)
        _require_same_step(state, folder, group)
        group.by_first(partial(record_changes, folder, run, halved, state.step, rollback=True))
        callbacks.on_warning(f"{what}; back to step {state.step}, with half the learning rates")


def newest_state(run: Run, prepared: Prepared, folder: Path, callbacks: Callbacks, group: Group) -> State:
    """The newest saved state of `folder`, or a fresh one where nothing was saved yet.

    Raises:
        InputError: it is damaged, or processes read different states.
    """
    begun = not never_saved(folder)
    with sized_for(newest_values(folder / STATE), folder / STATE) if begun else nullcontext():
        if begun:
            state = build_state(run.method, run.arch, prepared.shape, run.training, run.seed, opened=False)
        else:
            state = fresh_state(run, prepared.shape)
    if begun:
        state.load(*read_state(folder / STATE, callbacks.on_warning))
    _require_same_step(state, folder, group)
    return state


def _go_back(state: State, run: Run, prepared: Prepared, folder: Path, callbacks: Callbacks) -> None:
    """Load the newest saved state of `folder` into `state`, or initial values where nothing was saved yet.

    The optimisers become those of `run`. No second state is built beside one with moments: an accelerator may
    have room for one only.
    """
    state.players = build_players(run.method, state.nets, run.training)
    if never_saved(folder):
        state.load(fresh_state(run, prepared.shape).tensors(), 0)
    else:
        state.load(*read_state(folder / STATE, callbacks.on_warning))


def _require_same_step(state: State, folder: Path, group: Group) -> None:
    newest, oldest = group.most(state.step, -state.step)
    if newest != -oldest:
        raise InputError(
            f"the processes find different states in {folder}, of steps {-oldest} and {newest}; "
            "put the run into a folder that all machines share"
        )


def _loop(
    run: Run, state: State, prepared: Prepared, folder: Path, callbacks: Callbacks, group: Group
) -> Loop:
    batches = Batches(
        prepared.train,
        batch_size=run.training.batch_size,
        seed=run.seed,
        device=state.device,
        flip=run.training.flip,
        random_crop=run.training.random_crop,
        random_resize=run.training.random_resize,
        rows=rows_of(run.training.batch_size, run.training.grad_accumulation, group),
    )
    classes = run.method.label_dim
    n = min(len(prepared.test), SAMPLES if prepared.kind == "images" else POINTS)
    originals = prepared.test.take(range(n)).to(state.device)
    probed = _with_training_samples(originals, prepared)
    labels = _labels(prepared, n, len(probed) - n, classes)
    return Loop(
        state=state,
        batches=batches,
        training=run.training,
        total=run.steps,
        seed=run.seed,
        folder=folder,
        labels=lambda step: one_hot(batches.labels(step), classes) if classes else None,
        previews=Previews(run.method, folder / PREVIEWS, originals, run.seed, callbacks.on_picture, labels),
        probe=Probe(run.method, probed, run.seed, labels),
        snapshot=lambda now: model.save(
            now, run.arch, prepared.shape, run, folder / MODEL, prepared.facts.classes
        ),
        listener=callbacks.on_log,
        watcher=callbacks.on_state,
        group=group,
        replanned=lambda total, training: rewrite(folder, replace(run, steps=total, training=training)),
    )


def _with_training_samples(originals: Tensor, prepared: Prepared) -> Tensor:
    """At least `CODES` samples where the data have them: a small test split is filled up from training."""
    missing = min(max(CODES - len(originals), 0), len(prepared.train))
    return torch.cat([originals, prepared.train.take(range(missing)).to(originals)]) if missing else originals


def _labels(prepared: Prepared, n: int, more: int, classes: int) -> Tensor | None:
    """Labels `[n + more, N]` of the first `n` test samples and then of the first `more` training samples;
    None where networks take none.
    """
    parts = (prepared.test.labels_of(range(n)), prepared.train.labels_of(range(more)))
    found = [labels for labels in parts if labels is not None]
    return weights(torch.cat(found) if found else None, classes)


@contextmanager
def locked_together(folder: Path, group: Group) -> Iterator[None]:
    """Keep other runs from training in `folder`; the first process holds the lock."""
    with ExitStack() as stack:
        group.by_first(lambda: stack.enter_context(locked(folder)))
        yield
