"""What people see while they wait: the display of `chimerae.console`, under the name the verbs use."""

from __future__ import annotations

from chimerae.console import Display, display

__all__ = ["Display", "display"]
