"""The search itself: trial after trial until its time is over, each recorded before the next."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from chimerae.config import override, to_dict
from chimerae.durations import in_words
from chimerae.errors import InputError
from chimerae.run_folder.log import LogLine
from chimerae.run_folder.schema import SEARCH
from chimerae.run_folder.search import Search, Trial, in_short, read_search, write_search
from chimerae.runs.folder import read_run
from chimerae.runs.lock import locked
from chimerae.tuning.limits import Limits
from chimerae.tuning.objective import Objective
from chimerae.tuning.proposals import hopeless, importance, proposed
from chimerae.tuning.ranges import value_of
from chimerae.tuning.trial import Playing, run_of

ENOUGH: Final = 0.9
"""Share of a trial's time that must be left for another trial to begin."""
FAILURES: Final = 4
"""Trials in a row that may fail."""
FIXED: Final = ("recipe", "data", "objective", "space", "steps", "prune")
"""Facts of a search that stay the same when it goes on."""
SETTLED: Final = ("training.threads", "training.precision")
"""Settings that the first run finds by trying, for all that follow."""


@dataclass
class Listener:
    """Receives the course of a search."""

    status: Callable[[str, bool], None] = lambda text, now: None
    """Called with the live line; True: show it at once."""
    tell: Callable[[str], None] = lambda sentence: None
    """Called with a sentence about every ended trial."""
    ended: Callable[[Search], None] = lambda search: None
    """Called with the record after every ended trial."""


@dataclass
class Searching:
    """A search in progress in its folder."""

    folder: Path
    search: Search
    objective: Objective
    limits: Limits
    seed: int
    command: Callable[[Search, Trial], str]
    """Command that trains the settings of a trial anew."""
    listener: Listener = field(default_factory=Listener)
    _began: float = field(default=0.0, init=False)
    _before: float = field(default=0.0, init=False)

    def run(self) -> Search:
        """Play trials until the end of the search, those of a stopped search included.

        Raises:
            Stopped: a signal came; the trial at work is saved.
            InputError: the settings cannot be used, or trials keep failing.
        """
        self._began, self._before = time.monotonic(), self.search.spent
        with _alone(self.folder):
            self.search = self._found()
            self._before = self.search.spent
            while self._unfinished() or self._wanted():
                self._play(self._next())
        return self.search

    @property
    def used(self) -> float:
        """Seconds of the search so far, over all its parts."""
        return self._before + time.monotonic() - self._began

    def _found(self) -> Search:
        """The search that the folder holds already, or this one, written there."""
        if not (self.folder / SEARCH).exists():
            write_search(self.folder, self.search)
            return self.search
        there = read_search(self.folder)
        for name in FIXED:
            if getattr(there, name) != getattr(self.search, name):
                raise _other(self.folder, name)
        ours, theirs = dict(self.search.run), dict(there.run)
        for path in SETTLED:
            ours["training"] = {**ours["training"], path.partition(".")[2]: None}
            theirs["training"] = {**theirs["training"], path.partition(".")[2]: None}
        if ours != theirs:
            raise _other(self.folder, "the settings of its runs")
        return replace(there, command=self.search.command)

    def _unfinished(self) -> bool:
        return bool(self.search.trials) and self.search.trials[-1].state == "running"

    def _wanted(self) -> bool:
        """True while there is time for another trial, and fewer than the number that was asked for."""
        if self.limits.trials is not None and len(self.search.trials) >= self.limits.trials:
            return False
        if self.limits.seconds is None or not self.search.trials:
            return True
        return self.limits.seconds - self.used >= ENOUGH * self._each()

    def _each(self) -> float:
        """Seconds of a trial: its share, or the mean so far."""
        ended = [trial.seconds for trial in self.search.trials if trial.state == "done"]
        return self.search.share or (sum(ended) / len(ended) if ended else 0.0)

    def _next(self) -> Trial:
        """The trial that was interrupted, or a new one, recorded as running."""
        if self._unfinished():
            return self.search.trials[-1]
        settings = proposed(self.search, self.seed) if self.search.trials else self._own()
        trial = Trial(number=len(self.search.trials) + 1, settings=settings)
        self._record(trial)
        return trial

    def _own(self) -> dict[str, bool | int | float | str]:
        """The recipe's own values of all searched settings that have one."""
        run = run_of(self.search, Trial(number=1))
        values = {path: value_of(run, path) for path in self.search.space}
        return {path: value for path, value in values.items() if value is not None}

    def _play(self, trial: Trial) -> None:
        self.listener.status(f"{self._counted(trial)}  starting", True)
        playing = Playing(
            search=self.search,
            trial=trial,
            objective=self.objective,
            folder=self.folder / trial.folder,
            hopeless=hopeless,
            looked=self._record,
            shown=lambda line, total: self._show(trial, line, total),
            progress=lambda done, total, what, left=None: self._work(trial, done, total, what),
        )
        ended = playing.play()
        self._record(ended)
        if trial.first:
            self._settle()
        best = self.search.best
        again = "" if best is None else self.command(self.search, best)
        self.search = replace(self.search, importance=importance(self.search), again=again)
        write_search(self.folder, self.search)
        self.listener.tell(self._told(ended))
        self.listener.ended(self.search)
        last = self.search.trials[-FAILURES:]
        if len(last) == FAILURES and all(each.state == "failed" for each in last):
            raise InputError(f"{FAILURES} trials in a row failed, the last one: {ended.why}")

    def _record(self, trial: Trial) -> None:
        others = [each for each in self.search.trials if each.number != trial.number]
        self.search = replace(self.search, trials=tuple(sorted([*others, trial], key=lambda t: t.number)))
        write_search(self.folder, self.search)

    def _settle(self) -> None:
        """Let all runs have the threads and the precision that the first one found."""
        first = read_run(self.folder / self.search.trials[0].folder).training
        found = {"training.threads": first.threads, "training.precision": first.precision}
        run = override(run_of(self.search, Trial(number=1)), found)
        self.search = replace(self.search, run=to_dict(run))

    def _show(self, trial: Trial, line: LogLine, total: int) -> None:
        word = f"  [{line.ailment}]" if line.ailment else ""
        step = f"step {line.step:,}/{total:,} ({line.step / total:.0%})"
        self.listener.status(f"{self._counted(trial)}  {step}{word}", line.step == 1)

    def _work(self, trial: Trial, done: int, total: int, what: str) -> None:
        of = f"{done:,}/{total:,} {what}" if total else f"{done:,} {what}"
        self.listener.status(f"{self._counted(trial)}  {of}", False)

    def _counted(self, trial: Trial) -> str:
        """The beginning of the live line: the number of the trial, the best so far, the time left."""
        best, left = self.search.best, self._left()
        parts = [f"trial {trial.number} of {self._expected()}"]
        parts += [] if best is None else [f"best {best.cost:.4g} (trial {best.number})"]
        parts += [] if left is None else [f"{in_words(left)} left"]
        return "  ".join(parts)

    def _expected(self) -> str:
        n = len(self.search.trials)
        if self.limits.seconds is None:
            return str(self.limits.trials)
        each = self._each() or self.limits.seconds
        more = round(max(self.limits.seconds - self.used, 0.0) / each)
        most = max(n, n + more - self._unfinished())
        return f"about {most if self.limits.trials is None else min(most, self.limits.trials)}"

    def _left(self) -> float | None:
        if self.limits.seconds is not None:
            return max(self.limits.seconds - self.used, 0.0)
        ended = [trial.seconds for trial in self.search.trials if trial.state != "running"]
        missing = (self.limits.trials or 0) - len(ended)
        return missing * sum(ended) / len(ended) if ended else None

    def _told(self, trial: Trial) -> str:
        """A sentence about an ended trial."""
        changed = ", ".join(
            f"{path.rpartition('.')[2]} {in_short(value)}" for path, value in trial.settings.items()
        )
        end = f"{trial.cost:.4g}" if trial.cost is not None else f"{trial.state} ({trial.why})"
        return f"trial {trial.number}: {end}, {in_words(trial.seconds)}, {changed}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other searches out of `folder` while the block runs."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror}; choose another --out") from None
    with locked(folder):
        yield


def _other(folder: Path, what: str) -> InputError:
    return InputError(
        f"{folder} holds another search: {what} differs; give the same command to go on with it, "
        "or another --out"
    )
