"""Tolerant access to JSON: a missing or unsuitable value reads as empty, NaN or None."""

from __future__ import annotations

import math
from collections.abc import Mapping

Json = Mapping[str, object]


def section(record: Json, name: str) -> Json:
    """The object under `name`; empty where there is none."""
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def number(value: object) -> float:
    """A JSON number as float; NaN for everything else, as a NaN is written `null`."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def whole(value: object) -> int | None:
    """A JSON number as whole number; None for everything else."""
    return int(value) if math.isfinite(number(value)) and isinstance(value, int | float) else None
