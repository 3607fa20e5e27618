"""The interface of loggers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Setting = bool | int | float | str | None


@dataclass(frozen=True)
class Part:
    """The part of a run that begins: the whole run, what `resume` adds, or an evaluation."""

    folder: Path
    """The run folder."""
    settings: Mapping[str, Setting]
    """Settings of the run by dotted path, such as `method.beta`."""
    step: int
    """Steps that earlier parts have taken."""
    key: str | None = None
    """Name of the run at the logger, where an earlier part has begun it."""


class Logger(Protocol):
    """A place beside the run folder that shows a run."""

    @property
    def key(self) -> str:
        """Name of the run there, under which a later part continues it."""
        ...

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Show finite numbers after `step` steps; names have the form `losses/vae`."""
        ...

    def picture(self, name: str, path: Path, step: int) -> None:
        """Show a PNG file, such as the `samples` after `step` steps."""
        ...

    def close(self) -> None:
        """Send everything, and end this part."""
        ...
