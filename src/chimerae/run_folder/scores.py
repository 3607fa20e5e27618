"""One score of `scores.json`: a value with the protocol that gives it a meaning."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chimerae.errors import InputError
from chimerae.run_folder.fields import Json, number, section, whole
from chimerae.run_folder.schema import renamed

DATA: Final = "data"
"""The network's name in scores of the data themselves: another part of them, or a second draw."""
TRAIN: Final = "[train]"
"""Ending of the names of scores that reconstructions of the training split have."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """One metric of one network."""

    metric: str
    of: str
    """The network (or way of making samples), or `DATA`."""
    value: float
    std: float | None = None
    """Deviation over samples, or over subsets of them, where the value is a mean over these."""
    n: int | None
    """Number of samples; None where an earlier version did not write it."""
    better: str
    """`lower`, `higher`, or `data`: towards the value of the data."""
    protocol: Json = field(default_factory=dict)


def listed_scores(record: Json, path: Path, facts: Mapping[str, str]) -> Iterator[Score]:
    """The scores of `record`, the content of the file `path`, as far as they can be read.

    `facts` are added to every protocol that lacks them.

    Raises:
        InputError: a score has no metric.
    """
    listed = record.get("scores", [])
    for entry in map(renamed, listed if isinstance(listed, list) else []):
        if not isinstance(entry, dict) or "metric" not in entry:
            raise InputError(f"{path} holds a score without a metric; evaluate the run again")
        std = number(entry.get("std"))
        yield Score(
            metric=str(entry["metric"]),
            of=str(entry.get("of", "")),
            value=number(entry.get("value")),
            std=None if math.isnan(std) else std,
            n=whole(entry.get("n")),
            better=str(entry.get("better", "")),
            protocol={**facts, **section(entry, "protocol")},
        )
