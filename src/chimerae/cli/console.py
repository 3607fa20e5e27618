"""Progress display of the verbs: that of `chimerae.console`, under the name they use."""

from __future__ import annotations

from chimerae.console import Display, display

__all__ = ["Display", "display"]
