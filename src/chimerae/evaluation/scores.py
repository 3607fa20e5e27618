"""Scores: a value with the protocol without which it means nothing, and their file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Final

from chimerae.errors import InputError
from chimerae.evaluation.shown import Shown
from chimerae.files import read_json, write_json
from chimerae.metrics import Better, Fact

SCHEMA: Final = 1
DATA: Final = "data"
"""What the data are scored as: another part of them, or a second draw. The best that any model could get."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """One metric of one network."""

    metric: str
    of: str
    """The network, or `DATA`."""
    value: float
    std: float | None = None
    """Deviation over samples, or over subsets of them, where the value is a mean over these."""
    n: int
    """Samples behind it."""
    better: Better
    protocol: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Results:
    """What an evaluation, or a part of it, came to."""

    scores: tuple[Score, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    """Metrics that could not be computed, for some network at least, each with the reason in one line."""
    shown: Shown = field(default_factory=Shown)


def scores_json(results: Results, step: int) -> dict[str, Any]:
    """The contents of `scores.json`."""
    scores = [asdict(score) for score in results.scores]
    return {"schema": SCHEMA, "step": step, "scores": scores, "absent": dict(results.absent)}


def write_scores(results: Results, step: int, path: str | PathLike[str]) -> None:
    """Write `scores.json`, whole or not at all; an `InputError` when the place cannot be written."""
    write_json(Path(path), scores_json(results, step))


def read_scores(path: str | PathLike[str]) -> tuple[Results, int]:
    """What `write_scores` wrote (`shown` is not in it), and the step.

    An `InputError` when the file is missing, damaged or of another version.
    """
    given = read_json(Path(path), "scores")
    try:
        if given["schema"] != SCHEMA:
            raise InputError(f"{path} has schema {given['schema']}, not {SCHEMA}; evaluate the run again")
        scores = tuple(Score(**{**score, "protocol": _facts(score["protocol"])}) for score in given["scores"])
        return Results(scores=scores, absent=dict(given.get("absent", {}))), int(given["step"])
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is damaged ({type(error).__name__}: {error}); evaluate the run again"
        ) from None


def _facts(protocol: Mapping[str, Any]) -> dict[str, Fact]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in protocol.items()}
