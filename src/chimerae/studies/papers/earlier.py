"""Settings of short runs of images beyond 16 px before they changed, for records that were made with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chimerae.recipes.short import FINAL

_RATE: Final = {"training.optimizer.final": FINAL}
_GAME: Final = {**_RATE, "method.warmup_share": 0.3}
EARLIER: Final[Mapping[str, Mapping[str, Any]]] = {
    "avae": _RATE,
    "soft-introvae": _GAME,
    "as-introvae": _GAME,
}
"""Recipe -> values of settings, by dotted path."""
