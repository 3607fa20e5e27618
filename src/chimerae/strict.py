"""Rules that every settings dataclass follows."""

from __future__ import annotations

from typing import Final

from pydantic import ConfigDict

STRICT: Final = ConfigDict(extra="forbid", allow_inf_nan=False)
"""Unknown fields are errors, and so are numbers that are not finite."""
