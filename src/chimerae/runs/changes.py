"""Settings that change in the middle of a run, and the record of them in `run.json`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from chimerae.config import override, to_dict
from chimerae.errors import InputError
from chimerae.files import read_json, write_json
from chimerae.run_folder.schema import ENV, RUN
from chimerae.runs.folder import rewrite
from chimerae.runs.run import Run

CHANGEABLE: Final = ("method.", "training.")
"""Beginnings of the settings that a run may change on its way."""
CHANGES: Final = "changes"
"""Key of `run.json`: steps, and the settings that were changed there."""
ROLLBACK: Final = "rollback"
"""Key of a change that the run made itself, when it went back."""

PROCESSES: Final = "processes"
"""Key of `run.json`: steps, and the number of processes from there on, where it changed."""


def with_changes(run: Run, settings: Mapping[str, Any]) -> Run:
    """`run` with other `settings`, by dotted path, from its newest state on.

    Raises:
        InputError: a setting is unknown, out of range, or cannot change on the way.
    """
    changed = override(with_all_players(run), settings)
    for path in settings:
        if path == "steps":
            raise InputError("to train longer, use --steps N (in Python: steps=N)")
        if not path.startswith(CHANGEABLE):
            raise InputError(f"'{path}' cannot change in the middle of a run; start a new run")
        if path.endswith(".kind"):
            raise InputError("the kind of an optimiser cannot change in the middle of a run; start a new run")
    if bool(changed.training.ema) != bool(run.training.ema):
        raise InputError("the average of the weights cannot begin or end in the middle of a run")
    return changed


def with_all_players(run: Run) -> Run:
    """`run` with an entry, empty where there was none, for every player in `training.players`."""
    own = to_dict(run)["training"]["players"]
    return override(run, {"training.players": {name: {} for name in run.method.players} | own})


def record_changes(
    folder: Path, run: Run, settings: Mapping[str, Any], step: int, *, rollback: bool = False
) -> None:
    """Write `run`, whose `settings` hold from `step` on, and the change itself into `run.json`."""
    change = {"step": step, "settings": dict(settings)} | ({ROLLBACK: True} if rollback else {})
    rewrite(folder, run, {CHANGES: [*_changes(folder), change]})


def rollbacks(folder: Path) -> int:
    """Times that the run of `folder` went back, since it began or a person last changed its settings."""
    return len(list(takewhile(lambda change: ROLLBACK in change, reversed(_changes(folder)))))


def _changes(folder: Path) -> list[dict[str, Any]]:
    found = read_json(folder / RUN, "a run").get(CHANGES, [])
    return [change for change in found if isinstance(change, dict)] if isinstance(found, list) else []


def record_processes(folder: Path, processes: int, step: int) -> None:
    """Write into `run.json` that so many processes play the run from `step` on, where it is another number
    than before.
    """
    content, first = read_json(folder / RUN, "a run"), read_json(folder / ENV, "an environment")
    before = content.get(PROCESSES, [{"processes": first.get("processes", 1)}])
    if before[-1]["processes"] != processes:
        entries = [*content.get(PROCESSES, []), {"step": step, "processes": processes}]
        write_json(folder / RUN, {**content, PROCESSES: entries})


def slower(run: Run) -> dict[str, float]:
    """The learning rates of `run`, halved, by dotted path."""
    rates = {"training.optimizer.lr": run.training.optimizer.lr / 2}
    players = run.training.players.items()
    return rates | {f"training.players.{name}.lr": p.lr / 2 for name, p in players if p.lr is not None}
