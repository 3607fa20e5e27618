"""The end of a search, and the share of its time that a trial gets."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

from chimerae.durations import seconds
from chimerae.errors import InputError

FEWEST: Final = 6
MOST: Final = 64
"""Trials of a search that is given a time alone."""


@dataclass(frozen=True)
class Limits:
    """The end of a search: a time, a number of trials, or whichever comes first."""

    seconds: float | None
    trials: int | None


def limits_of(
    budget: str | float | None, trials: int | None, steps: int | None
) -> tuple[float | None, Limits]:
    """Seconds of each trial, None where it has a number of steps, and the end of the search.

    Args:
        budget: time of the whole search, in seconds or such as "2h".
        trials: their number; with a budget, the number of equal shares that it is cut into.
        steps: steps of each trial.

    Raises:
        InputError: neither a time nor both numbers are given, or fewer than one trial.
    """
    if trials is not None and trials < 1:
        raise InputError(f"--trials must be 1 or more, not {trials}")
    if budget is None:
        if steps is None or trials is None:
            raise InputError("a search needs a time, such as --budget 2h, or --steps N and --trials N")
        return None, Limits(None, trials)
    whole = seconds(budget)
    if steps is not None:
        return None, Limits(whole, trials)
    return whole / (trials or usual_trials(whole)), Limits(whole, None)


def usual_trials(whole: float) -> int:
    """Trials of a search of so many seconds: their number and their length both grow with its root.

    >>> usual_trials(600), usual_trials(7200), usual_trials(24 * 3600)
    (6, 22, 64)
    """
    return min(max(round(2 * sqrt(whole / 60)), FEWEST), MOST)
