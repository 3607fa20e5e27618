"""Progress display of the verbs, from `chimerae.console`."""

from __future__ import annotations

from chimerae.console import Display, display

__all__ = ["Display", "display"]
