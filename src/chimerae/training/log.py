"""The log of a run: one JSON object per line, and whatever listens while it grows."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from chimerae.errors import InputError
from chimerae.files import write_text


@dataclass(frozen=True)
class Line:
    """What is known after `step` steps."""

    step: int
    seconds: float
    """Learning time since the run began, over all its parts."""
    images_per_second: float
    losses: Mapping[str, float]
    watched: Mapping[str, float]
    lr: Mapping[str, float]
    health: str
    drawn: Mapping[str, float] = field(default_factory=dict)
    """Measured on samples and reconstructions (`Probe.measure`); empty on most lines of a fast log."""


class Listener(Protocol):
    """Called with every line."""

    def __call__(self, line: Line, total: int) -> None:
        """`total`: steps of the whole run."""
        ...


def ignore(line: Line, total: int) -> None:
    """Listen to nothing."""


class Log:
    """`log.jsonl`: lines are appended as they come."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def cut(self, step: int) -> float:
        """Forget what was logged after `step` (a resumed run says it again); seconds of the last line that
        stays.
        """
        lines = [line for line in self._lines() if line["step"] <= step]
        write_text(self.path, "".join(json.dumps(line) + "\n" for line in lines))
        return float(lines[-1]["seconds"]) if lines else 0.0

    def drawn(self) -> tuple[int | None, dict[str, float]]:
        """Step and values of the newest measurement on what was drawn; none: `(None, {})`."""
        measured = ((line["step"], line["drawn"]) for line in reversed(self._lines()) if line.get("drawn"))
        return next(measured, (None, {}))

    def append(self, line: Line) -> None:
        """Add one line."""
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(line)) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(
                f"cannot write {self.path}: {error.strerror}; free some space and resume the run"
            ) from None

    def _lines(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        try:
            content = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise InputError(f"{self.path} cannot be read: {error.strerror}; move it away") from None
        lines = []
        for text in content.splitlines():
            try:
                line = json.loads(text)
                float(line["step"] + line["seconds"])
            except (ValueError, TypeError, KeyError):
                break  # torn by a kill: nothing whole can follow
            lines.append(line)
        return lines
