"""A search in words: its outcome, its objective, and the numbers of its trials."""

from __future__ import annotations

from typing import Final

from chimerae.durations import in_words
from chimerae.report.names import title
from chimerae.run_folder.search import Choice, Range, Search, Trial, in_short
from chimerae.tables import plural

SMALL: Final = 0.02
"""Difference of an objective, relative to the recipe's own settings, below which nothing was gained."""
FEW_STEPS: Final = 500
"""Steps of a trial below which its settings say little about longer runs."""


def is_short(trial: Trial) -> bool:
    """True when the settings of `trial` say little about longer runs."""
    return trial.steps < FEW_STEPS


def verdict(search: Search) -> str:
    """The outcome in a sentence or two."""
    best, own = search.best, search.own
    if best is None:
        return "No trial is finished yet."
    if own is None or best.cost is None or own.cost is None:
        return f"The best of {_n_done(search)} is trial {best.number}; the recipe's own settings failed."
    if best.first:
        return f"None of {_n_done(search)} is better than the recipe's own settings."
    gain = (own.cost - best.cost) / abs(own.cost) if own.cost else 0.0
    if gain < SMALL:
        return (
            f"The best of {_n_done(search)}, trial {best.number}, has a gain below {SMALL:.0%}: that is none."
        )
    return (
        f"The best of {_n_done(search)} is trial {best.number}: its objective is {gain:.0%} better than that "
        "of the recipe's own settings."
    )


def objective(search: Search) -> str:
    """The objective in words."""
    told = [term_title(term) for term in search.objective]
    if len(told) == 1:
        return f"Objective: {told[0]}."
    return f"Objective: the geometric mean of {' and '.join(told)}; lower is better."


def counted(search: Search) -> str:
    """Numbers of trials by their end, and the time that they took."""
    names = {"done": "finished", "pruned": "ended early", "failed": "failed", "running": "at work"}
    by_state = {word: sum(t.state == state for t in search.trials) for state, word in names.items()}
    parts = [f"{n} {word}" for word, n in by_state.items() if n]
    each = f"{search.steps:,} steps" if search.steps else in_words(search.share or 0.0)
    n = plural(len(search.trials), "trial")
    return f"{n} of {each} each ({', '.join(parts)}) in {in_words(search.spent)}."


def term_title(term: str) -> str:
    """A term of the objective for people.

    >>> term_title("fd_efficientnet@generator")
    'FD (EfficientNet), generator'
    """
    metric, _, network = term.partition("@")
    return f"{title(metric)}, {network}"


def range_words(of: Range | Choice) -> str:
    """A range in words.

    >>> range_words(Range(low=0.1, high=10, log=True)), range_words(Choice(values=(16, 32)))
    ('0.1 to 10, log', '16, 32')
    """
    if isinstance(of, Choice):
        return ", ".join(in_short(value) for value in of.values)
    return f"{of.low:g} to {of.high:g}" + (", log" if of.log else "")


def _n_done(search: Search) -> str:
    return plural(sum(trial.state == "done" for trial in search.trials), "finished trial")
