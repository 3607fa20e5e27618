"""The log of a run, line by line, and careful access to JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

Json = Mapping[str, object]


@dataclass(frozen=True)
class Logged:
    """One line of `log.jsonl`."""

    step: int
    seconds: float
    images_per_second: float
    losses: Mapping[str, float]
    watched: Mapping[str, float]
    health: str
    drawn: Mapping[str, float] = field(default_factory=dict)
    """Measurements on samples and reconstructions at this step (`variety`, `rec_error`); mostly empty."""


def read_log(path: Path) -> tuple[tuple[Logged, ...], int]:
    """The log by rising step. A resumed run goes over some steps again: the last word counts."""
    entries: list[Logged] = []
    torn = 0
    if not path.is_file():
        return (), 0
    for line in path.read_text("utf-8", errors="replace").splitlines():
        entry = _logged(line)
        if entry is None:
            torn += bool(line.strip())
            continue
        while entries and entries[-1].step >= entry.step:
            entries.pop()
        entries.append(entry)
    return tuple(entries), torn


def _logged(line: str) -> Logged | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    step = whole(value.get("step")) if isinstance(value, dict) else None
    if step is None:
        return None
    return Logged(
        step=step,
        seconds=number(value.get("seconds")),
        images_per_second=number(value.get("images_per_second")),
        losses={name: number(v) for name, v in section(value, "losses").items()},
        watched={name: number(v) for name, v in section(value, "watched").items()},
        health=str(value.get("health", "")),
        drawn={name: number(v) for name, v in section(value, "drawn").items()},
    )


def section(record: Json, name: str) -> Json:
    """The object under `name`, empty when there is none."""
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def number(value: object) -> float:
    """A JSON number as float; NaN for everything else (`null` is how a NaN is written)."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def whole(value: object) -> int | None:
    """A JSON number as whole number; None for everything else."""
    return int(value) if math.isfinite(number(value)) and isinstance(value, int | float) else None
