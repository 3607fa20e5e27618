"""One trial: an ordinary run that is looked at on its way, and scored on the held-out training samples."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from chimerae.config import from_dict, override
from chimerae.data import Prepared, prepare
from chimerae.errors import InputError
from chimerae.evaluation import evaluate
from chimerae.progress import Progress
from chimerae.recipes.planning import Wish
from chimerae.run_folder.log import LogLine, read_log
from chimerae.run_folder.schema import LOG, RUN
from chimerae.run_folder.search import Search, Trial
from chimerae.runs.callbacks import Callbacks
from chimerae.runs.evaluate import evaluate_run
from chimerae.runs.folder import read_run
from chimerae.runs.run import Run
from chimerae.runs.train import resume, start
from chimerae.training.players import NotFinite
from chimerae.training.state import State
from chimerae.tuning.objective import Objective

LOOKS: Final = (1 / 3, 2 / 3)
"""Shares of a trial after which its objective is measured on the way."""
LOOKED_AT: Final = 256
"""Held-out samples that a look measures, at most."""
JUDGED: Final = 2000
"""Held-out samples that a trial is scored on, at most, unless `evaluation.n` says otherwise."""
LOST: Final = ("not finite", "a value is huge", "samples alike", "no better than the mean", "off the data")
"""Health words of runs that are not going to recover, unless the recipe's own run has one too."""
LOST_FROM: Final = 0.5
"""Share of a trial from which on these words end it."""
PATIENCE: Final = 3
"""Logged lines in a row that have such a word before it does."""


class Hopeless(Exception):
    """A trial was ended early; the message gives the reason."""


@dataclass
class Playing:
    """A trial while it is played."""

    search: Search
    trial: Trial
    objective: Objective
    folder: Path
    hopeless: Callable[[Search, Trial], bool]
    looked: Callable[[Trial], None]
    """Called with the trial after every look, to record it."""
    shown: Callable[[LogLine, int], None]
    """Called with every line of the log."""
    progress: Progress
    _word: str = field(default="", init=False)
    _ill: int = field(default=0, init=False)
    _data: Prepared | None = field(default=None, init=False)

    def play(self) -> Trial:
        """The trial at its end: done, pruned or failed.

        Raises:
            Stopped: a signal came; the state of the run is saved.
            InputError: the settings that all trials share cannot be used.
        """
        began = time.monotonic() - _learnt(self.folder)
        try:
            self._train(time.monotonic())
            run = read_run(self.folder)
            results = evaluate_run(
                self.folder, run.evaluation, device=run.training.device, progress=self.progress
            )
            values = self.objective.values(results)
            ended = replace(self.trial, state="done", values=values, cost=self.objective.cost(values))
        except Hopeless as reason:
            ended = replace(self.trial, state="pruned", why=str(reason))
        except InputError as error:
            if self.trial.first and not isinstance(error, NotFinite):
                raise
            ended = replace(self.trial, state="failed", why=" ".join(str(error).split()))
        lines = read_log(self.folder / LOG)[0]
        return replace(
            ended,
            seconds=round(time.monotonic() - began, 1),
            steps=lines[-1].step if lines else 0,
            health=lines[-1].health if lines else "",
        )

    def _train(self, began: float) -> None:
        callbacks = Callbacks(
            on_log=self._line,
            on_state=self._state,
            on_progress=self.progress,
            on_warning=lambda sentence: None,
        )
        if (self.folder / RUN).exists():
            resume(self.folder, callbacks=callbacks)
            return
        shutil.rmtree(self.folder, ignore_errors=True)  # a start that was killed before it wrote its run
        run = run_of(self.search, self.trial)
        wish = Wish(self.search.share, steps=self.search.share is not None)
        start(run, out=self.folder, callbacks=callbacks, command=self.search.command, wish=wish, began=began)

    def _line(self, line: LogLine, total: int) -> None:
        self._word = line.health
        self.shown(line, total)

    def _state(self, state: State, total: int) -> None:
        """Look at the run when it is time, and end it when it is hopeless."""
        share = state.step / total
        self._ill = self._ill + 1 if self._word in LOST and not self._usual else 0
        if not self.search.prune or state.step == total:
            return
        if share >= LOST_FROM and self._ill >= PATIENCE and not self.trial.first:
            raise Hopeless(f"health: {self._word}")
        due = sum(share >= at for at in LOOKS)
        if not due or due in dict(self.trial.seen):
            return
        self.trial = replace(self.trial, seen=(*self.trial.seen, (due, self._look(state))))
        self.looked(self.trial)
        if not self.trial.first and self.hopeless(self.search, self.trial):
            raise Hopeless(f"worse than the median of the trials after {share:.0%} of its steps")

    @property
    def _usual(self) -> bool:
        """True when the recipe's own run ended with such a word as well: all trials may be too short."""
        return self.search.trials[0].health in LOST

    def _look(self, state: State) -> float:
        run = read_run(self.folder)
        self._data = self._data or prepare(run.data, run.prepare)
        settings = replace(run.evaluation, n=LOOKED_AT, metrics=self.objective.metrics)
        results = evaluate(state.method, state.final_nets(), self._data, settings, pictures=False)
        return self.objective.cost(self.objective.values(results))


def run_of(search: Search, trial: Trial) -> Run:
    """Settings of a trial's run."""
    return override(from_dict(Run, search.run, "the settings of the search"), trial.settings)


def _learnt(folder: Path) -> float:
    """Seconds that an earlier part of the run in `folder` learnt; 0 where there is none."""
    lines = read_log(folder / LOG)[0] if (folder / LOG).exists() else ()
    return lines[-1].seconds if lines else 0.0
