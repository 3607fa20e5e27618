"""The page of `chimerae watch`: runs that learn now, from their folders alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chimerae.errors import InputError
from chimerae.report.compare import LabelledRun, name_runs
from chimerae.report.images import Picture
from chimerae.report.page import charts_of, first_looks
from chimerae.report.read import read_run
from chimerae.report.template import rendered
from chimerae.report.watched import progress, state_of
from chimerae.run_folder.log import OK


@dataclass(frozen=True)
class LiveRun:
    """The state of one run."""

    entry: LabelledRun
    state: str
    """One line: step, time left, speed, or that it ended or is quiet."""
    share: float
    """Part of the steps that is done, in percent."""
    health: str
    looks: tuple[tuple[str, Picture], ...]
    """Newest reconstructions and samples, each with its title."""

    @property
    def good(self) -> bool:
        """True while the health is ok."""
        return self.health in ("", OK)


def live_page(folders: Sequence[Path], every: float, now: float | None = None) -> str:
    """The page as text.

    Args:
        folders: run folders.
        every: seconds between two looks of the open page.
        now: seconds since 1970; the clock's when not given.
    """
    runs, damaged = [], []
    for folder in folders:
        try:
            runs.append(read_run(folder))
        except InputError as error:
            damaged.append(str(error))
    named = name_runs(runs)
    return rendered(
        "live.html",
        runs=[live_run(entry, time.time() if now is None else now) for entry in named],
        damaged=damaged,
        charts=charts_of([entry for entry in named if entry.run.log]),
        state=state_of(folders),
        every=every,
    )


def live_run(entry: LabelledRun, now: float) -> LiveRun:
    """The state of a run at the time `now`, in seconds since 1970."""
    run = entry.run
    return LiveRun(
        entry=entry,
        state=", ".join(progress(run, now)),
        share=100 * min(1.0, run.reached / max(run.steps, 1)),
        health=run.log[-1].health if run.log else "",
        looks=_looks(entry),
    )


def _looks(entry: LabelledRun) -> tuple[tuple[str, Picture], ...]:
    try:
        shown = [(gallery.title, picture) for gallery in first_looks([entry]) for picture in gallery.pictures]
    except InputError:  # a damaged picture
        return ()
    return tuple((title + picture.caption.removeprefix(entry.label), picture) for title, picture in shown)
