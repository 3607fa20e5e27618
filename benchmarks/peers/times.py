"""Seconds of an update: of this process, and of the wall."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Times:
    """Seconds of an update on one side: means over a block, one per round."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def facts(self) -> dict[str, list[float]]:
        return {"cpu": [round(s, 7) for s in self.cpu], "wall": [round(s, 7) for s in self.wall]}


class Clock:
    """Seconds of this process and of the wall since it was made."""

    def __init__(self) -> None:
        self.cpu, self.wall = time.process_time(), time.perf_counter()

    def note(self, times: Times, updates: int) -> None:
        """Add the mean seconds of an update, after so many of them."""
        times.cpu.append((time.process_time() - self.cpu) / updates)
        times.wall.append((time.perf_counter() - self.wall) / updates)
