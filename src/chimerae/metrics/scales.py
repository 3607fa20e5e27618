"""Scales of metrics: directions in which they improve, with ranges or units of their values."""

from __future__ import annotations

from typing import Final, Literal, TypedDict

Better = Literal["lower", "higher", "data"]
"""Direction in which a metric improves; `data`: towards the data's own value, from either side."""


class Scale(TypedDict):
    """The direction in which a metric improves, and the range or unit of its values."""

    better: Better
    unit: str


SHARE: Final[Scale] = {"better": "higher", "unit": "[0, 1]"}
"""Scale of shares that should be large."""
PIXELS: Final[Scale] = {"better": "lower", "unit": "pixels"}
NATS: Final[Scale] = {"better": "lower", "unit": "nats"}
