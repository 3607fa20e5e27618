"""`chimerae.tune`: a search from a recipe and a time to the best settings and a page about them."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from chimerae.config import override, to_dict
from chimerae.console import display
from chimerae.data.memory import held
from chimerae.errors import InputError
from chimerae.extras import require
from chimerae.methods import Method
from chimerae.nets import Architecture
from chimerae.recipes.build import Preset, build
from chimerae.recipes.presets import recipe
from chimerae.recipes.recipe import Recipe
from chimerae.recipes.sizing import sized
from chimerae.recipes.spaces import space_of
from chimerae.report.search import write_page
from chimerae.run_folder.search import Search, Trial
from chimerae.runs.folder import run_name
from chimerae.runs.run import Run
from chimerae.tuning.again import again
from chimerae.tuning.limits import Limits, limits_of
from chimerae.tuning.objective import Objective, objective_of
from chimerae.tuning.ranges import ranges_of
from chimerae.tuning.search import Listener, Searching
from chimerae.tuning.trial import JUDGED, run_of

VALIDATION: Final = 0.2
"""Share of the training samples that trials are judged on."""
PAGE_SECONDS: Final = 60.0
"""Least time between two pages of a search in progress."""


@dataclass(frozen=True)
class Found:
    """The outcome of a search."""

    folder: Path
    """Folder of the search: the page `index.html`, the record `search.json`, run folders in `trials`."""
    settings: Mapping[str, Any]
    """The best values of the searched settings, by dotted path."""
    values: Mapping[str, float]
    """Their metrics on held-out training samples, by `metric@network`."""
    run: Path
    """Run folder of the best trial."""
    again: str
    """Command that trains these settings anew, on all training samples."""


@dataclass(frozen=True)
class Asked:
    """A search as asked for."""

    name: str
    """Name of the recipe."""
    run: Run
    """Settings of all trials."""
    preset: Preset
    fixed: Collection[str] = ()
    """Dotted paths of settings that were given, which are not searched by default."""
    space: Mapping[str, object] = field(default_factory=dict)
    """Ranges that were given."""
    only_given: bool = False
    """True: search the given ranges alone."""
    objective: Sequence[str] = ()
    budget: str | float | None = None
    trials: int | None = None
    steps: int | None = None
    """Steps of each trial; None: those that fit its share of the time."""
    prune: bool = True
    command: str = ""


def tune(
    what: str | Method | Recipe,
    *,
    data: object = None,
    budget: str | float | None = None,
    trials: int | None = None,
    steps: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    arch: str | Architecture | None = None,
    settings: Mapping[str, Any] | None = None,
    space: Mapping[str, object] | None = None,
    only_given: bool = False,
    objective: str | Sequence[str] = (),
    preset: Preset = "short",
    prune: bool = True,
    quiet: bool = False,
) -> Found:
    """Search settings of a method or recipe, and return the best of them.

    Every trial is a run in `out/trials`. It learns from one part of the training split and is judged on
    another; test samples are not opened. The same call again resumes a stopped search, and a larger `budget`
    or number of `trials` extends one.

    Args:
        what: as for `train`.
        data: as for `train`.
        budget: time of the whole search, in seconds or such as "2h".
        trials: number of trials; with a budget, the number of equal shares that it is cut into.
        steps: steps of each trial; with a budget alone, as many as fit into its share.
        seed: determines all randomness of the trials and of the search.
        out: folder of the search; `runs/tune-<method>-<data>` when not given.
        arch: as for `train`.
        settings: settings of all trials, by dotted path. They are not searched unless `space` has them.
        space: further ranges by dotted path, such as `{"method.beta": "0.1:10:log", "arch.width": [16, 32]}`.
        only_given: search these ranges alone, without the default ones.
        objective: metrics, such as "fvu" or "fd_efficientnet@decoder"; of several, the geometric mean counts.
        preset: as for `train`.
        prune: end hopeless trials early.
        quiet: print nothing.

    Raises:
        InputError: an argument cannot be used, or trials keep failing.
        Stopped: a signal came; the same call goes on.
    """
    with held(data) as source:
        run = build(what, data=source, arch=arch, preset=preset)
        given = dict(settings or {}) | ({} if seed is None else {"seed": seed})
        asked = Asked(
            name=what if isinstance(what, str) else recipe(what).name,
            run=override(run, given),
            preset=preset,
            fixed=given.keys(),
            space=space or {},
            only_given=only_given,
            objective=[objective] if isinstance(objective, str) else objective,
            budget=budget,
            trials=trials,
            steps=steps,
            prune=prune,
            command=shlex.join(sys.argv),
        )
        if quiet:
            return conducted(asked, out, Listener())
        with display() as show:
            return conducted(asked, out, Listener(show.status, show.tell))


def conducted(asked: Asked, out: str | Path | None, listener: Listener) -> Found:
    """Make or go on with the search `asked` for, write its page after every trial, and return the best."""
    require("tune")
    listener.status("looking at the data", True)
    search, objective, limits = searched(asked)
    folder = Path(out) if out is not None else folder_of(asked.run)

    def command(search: Search, trial: Trial) -> str:
        return again(asked.name, run_of(search, trial), trial.steps, asked.preset)

    at_work = Searching(folder, search, objective, limits, asked.run.seed, command, listener)
    page = Page(folder)
    at_work.listener = replace(listener, ended=page.now_and_then)
    try:
        search = at_work.run()
    finally:
        page.last(at_work.search)
    best = search.best
    if best is None:
        raise InputError(f"no trial of {folder} came to its end; give the search more time")
    return Found(folder, best.settings, best.values, folder / best.folder, search.again)


class Page:
    """The page of a search: written now and then, and at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._at = -PAGE_SECONDS

    def now_and_then(self, search: Search) -> None:
        """Write the page, unless that was done within the last minute: charts take a second."""
        if time.monotonic() - self._at >= PAGE_SECONDS:
            write_page(self.folder, search)
            self._at = time.monotonic()

    def last(self, search: Search) -> None:
        """Write the page of a search that ends here, if there is anything to show."""
        if any(trial.state != "running" for trial in search.trials):
            write_page(self.folder, search)


def searched(asked: Asked) -> tuple[Search, Objective, Limits]:
    """The record of a search before its first trial, its objective, and its end.

    Raises:
        InputError: a setting, range, metric or time cannot be used.
    """
    share, limits = limits_of(asked.budget, asked.trials, asked.steps)
    prepare = asked.run.prepare
    run = replace(asked.run, prepare=replace(prepare, validation=prepare.validation or VALIDATION))
    run = sized(run)[0]
    objective = objective_of(run, asked.objective)
    evaluation = replace(run.evaluation, metrics=objective.metrics, n=run.evaluation.n or JUDGED)
    run = replace(run, evaluation=evaluation, steps=asked.steps or run.steps)
    default = {} if asked.only_given else {p: r for p, r in space_of(run).items() if p not in asked.fixed}
    space = default | ranges_of(run, asked.space)
    if not space:
        raise InputError("there is nothing to search: give a range, such as --set lr=1e-4:1e-2:log")
    search = Search(
        recipe=asked.name,
        data=run.data,
        objective=objective.names,
        space=space,
        run=to_dict(run),
        share=share,
        steps=asked.steps,
        prune=asked.prune,
        command=asked.command,
    )
    return search, objective, limits


def folder_of(run: Run) -> Path:
    """Folder of a search that is given no other: `runs/tune-<method>-<data>`."""
    return Path("runs") / f"tune-{run_name(run)}"
