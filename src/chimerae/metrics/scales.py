"""Scales of metrics: directions in which they improve, with ranges or units of their values."""

from __future__ import annotations

from typing import Final, Literal, TypedDict

Better = Literal["lower", "higher", "data"]
"""Direction in which a metric improves; `data`: towards the data's own value, from either side."""


class Scale(TypedDict):
    """The direction in which a metric improves, and the range or unit of its values."""

    better: Better
    unit: str


def lower(unit: str) -> Scale:
    """A scale on which lower values are better, of a `unit` or range."""
    return {"better": "lower", "unit": unit}


def higher(unit: str) -> Scale:
    """A scale on which higher values are better, of a `unit` or range."""
    return {"better": "higher", "unit": unit}


def towards_data(unit: str) -> Scale:
    """A scale on which values nearer to that of the data are better, of a `unit` or range."""
    return {"better": "data", "unit": unit}


SHARE: Final = higher("[0, 1]")
"""Scale of shares that should be large."""
PIXELS: Final = lower("pixels")
NATS: Final = lower("nats")
