"""Tolerant access to JSON: a missing or unsuitable value reads as empty, NaN or None."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

Json = Mapping[str, object]
LARGEST: Final = 1e60
"""Numbers beyond it read as infinite: their squares, and the squares of these, have no float."""


def section(record: Json, name: str) -> Json:
    """The object under `name`; empty where there is none."""
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def number(value: object) -> float:
    """A JSON number as float, infinite beyond `LARGEST`; NaN for everything else, as a NaN is written
    `null`.
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        return math.nan
    if abs(value) > LARGEST:
        return math.inf if value > 0 else -math.inf
    return float(value)


def whole(value: object) -> int | None:
    """A JSON number as whole number; None for everything else."""
    return int(value) if math.isfinite(number(value)) and isinstance(value, int | float) else None
