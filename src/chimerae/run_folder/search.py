"""The record of a search, `search.json`: its question, the ranges of settings, and every trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from chimerae.config import STRICT, from_dict, to_dict
from chimerae.errors import InputError
from chimerae.files import read_json, write_json
from chimerae.run_folder.schema import SEARCH, check_schema

TRIALS: Final = "trials"
"""Folder of the run folders of all trials."""
SCHEMA: Final = 1
Value = bool | int | float | str
State = Literal["running", "done", "pruned", "failed"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Range:
    """Numbers from `low` to `high`."""

    low: float
    high: float
    log: bool = False
    """True: equal ratios are equally likely, not equal differences."""
    whole: bool = False
    """True: whole numbers only."""

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"a range from {self.low:g} to {self.high:g} is empty: give the lower end first")
        if self.log and self.low <= 0:
            raise ValueError(f"a range with log begins above 0, not at {self.low:g}")
        return self

    def holds(self, value: object) -> bool:
        """True for a number inside."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and self.low <= value <= self.high  # type: ignore[operator]

    def text(self) -> str:
        """The range as `--set` takes it."""
        return f"{self.low:g}:{self.high:g}" + (":log" if self.log else "")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Choice:
    """One of several values."""

    values: tuple[Value, ...] = Field(min_length=2)

    def holds(self, value: object) -> bool:
        """True for one of the values."""
        return value in self.values

    def text(self) -> str:
        """The values as `--set` takes them."""
        return ",".join(f"{value:g}" if isinstance(value, float) else str(value) for value in self.values)


Space = Mapping[str, Range | Choice]
"""Settings by dotted path, and their possible values."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Trial:
    """One trial: a run with some of the settings changed."""

    number: int = Field(ge=1)
    settings: Mapping[str, Value] = field(default_factory=dict)
    """Settings by dotted path. Those of the first trial are the recipe's own."""
    state: State = "running"
    cost: float | None = None
    """The objective, lower is better; None unless the trial is done."""
    values: Mapping[str, float] = field(default_factory=dict)
    """Value of each metric of the objective."""
    seen: tuple[tuple[int, float], ...] = ()
    """Number of each look on the way, from 1, and the objective that it found."""
    steps: int = 0
    seconds: float = 0.0
    """Time that it took, evaluation included."""
    health: str = ""
    """Its last health word."""
    why: str = ""
    """The reason why it ended early."""

    @property
    def first(self) -> bool:
        """True for the trial that the others are compared with."""
        return self.number == 1

    @property
    def folder(self) -> str:
        """Its run folder, relative to that of the search."""
        return f"{TRIALS}/{self.number:03}"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Search:
    """A search: its question and all trials so far."""

    recipe: str
    data: str
    objective: tuple[str, ...]
    """Metrics, each with its network: `metric@network`."""
    space: dict[str, Range | Choice]
    run: dict[str, Any]
    """Settings that all trials share, as `run.json` holds them."""
    share: float | None = None
    """Seconds of each trial, evaluation included; None where `steps` are given."""
    steps: int | None = None
    """Steps of each trial; None where it has `share` seconds."""
    prune: bool = True
    command: str = ""
    again: str = ""
    """Command that trains the best settings anew, on all training samples."""
    importance: dict[str, float] = field(default_factory=dict)
    """Share of each setting in the quality of the best trials; empty while there are few trials."""
    trials: tuple[Trial, ...] = ()

    @property
    def best(self) -> Trial | None:
        """The trial with the lowest objective; None before the first is done."""
        done = [trial for trial in self.trials if trial.cost is not None]
        return min(done, key=lambda trial: trial.cost or 0.0, default=None)

    @property
    def own(self) -> Trial | None:
        """The trial with the recipe's own settings, if it is done."""
        return next((trial for trial in self.trials if trial.first and trial.cost is not None), None)

    @property
    def spent(self) -> float:
        """Seconds that ended trials took."""
        return sum(trial.seconds for trial in self.trials)


def in_short(value: object) -> str:
    """A value of a setting for people: four digits of a number.

    >>> in_short(0.00123456), in_short(32), in_short("logistic")
    ('0.001235', '32', 'logistic')
    """
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def read_search(folder: Path) -> Search:
    """The search in `folder`.

    Raises:
        InputError: there is none, or its record is damaged.
    """
    path = folder / SEARCH
    if not path.is_file():
        raise InputError(f"{folder} holds no search; `chimerae tune` makes one")
    content = read_json(path, "a search")
    check_schema(content, path, SEARCH)
    return from_dict(Search, {k: v for k, v in content.items() if k != "schema"}, str(path))


def write_search(folder: Path, search: Search) -> None:
    """Write the record of a search, in one step.

    Raises:
        InputError: it cannot be written.
    """
    write_json(folder / SEARCH, {"schema": SCHEMA, **to_dict(search)})
