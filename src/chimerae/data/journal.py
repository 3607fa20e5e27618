"""Journal of an unfinished preparation, so that the next one continues there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from chimerae.data.manifest import ArrayFile, Unread
from chimerae.data.pixels import Bytes

NAME: Final = "unfinished.jsonl"
SHARD: Final = 2048
"""Items after which the work is recorded."""
SHARD_SECONDS: Final = 10.0
"""Seconds after which it is recorded at the latest."""
_UNREAD: Final = TypeAdapter(list[Unread])
_ARRAY: Final = TypeAdapter(ArrayFile)


@dataclass
class Tally:
    """Results of a pass over a part."""

    labels: list[int] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    n_constant: int = 0
    low: NDArray[np.uint8] | None = None
    """Smallest value of every channel over all images, `[C]`."""
    high: NDArray[np.uint8] | None = None

    def add(self, rows: Bytes) -> None:
        """Count images `[n, C, H, W]`."""
        low, high = rows.min((2, 3)), rows.max((2, 3))
        self.n_constant += int((low == high).all(1).sum())
        self.low = low.min(0) if self.low is None else np.minimum(self.low, low.min(0))
        self.high = high.max(0) if self.high is None else np.maximum(self.high, high.max(0))

    def extend(self, line: Mapping[str, Any]) -> None:
        """Take in a line of a journal."""
        self.labels += line["labels"]
        self.unread += _UNREAD.validate_python(line["unread"])
        self.n_constant = line.get("constant", 0)
        self.low, self.high = (
            None if line.get(name) is None else np.array(line[name], np.uint8) for name in ("low", "high")
        )

    @property
    def single_colour(self) -> bool:
        """True when all images are the same single colour."""
        return self.low is not None and self.high is not None and bool((self.low == self.high).all())


class Journal:
    """A file of lines: the transform, then one line for each shard. A line that was cut counts for nothing.

    A line holds labels and unreadable items of its own shard, and everything else of all shards of its split.
    """

    def __init__(self, work: Path, about: str) -> None:
        """`about`: everything that the rows depend on beside their source; work on another is begun anew."""
        self._path = work / NAME
        lines, size = _lines(self._path)
        self._shards = lines[1:] if lines[:1] == [{"about": about}] else []
        self._last: tuple[int, float] = (0, time.monotonic())
        self._written: dict[str, tuple[int, int]] = {}
        if self._shards:
            os.truncate(self._path, size)
        else:
            self._path.unlink(missing_ok=True)
            self._append({"about": about})

    def reached(self, split: str) -> tuple[int, Tally, ArrayFile | None]:
        """Items that are done, what became of them, and the array as far as it is written; None: anew."""
        done, tally, array = 0, Tally(), None
        try:
            for line in (line for line in self._shards if line["split"] == split):
                done, tally = line["done"], tally if line["done"] else Tally()
                array = _ARRAY.validate_python(line["array"]) if done else None
                tally.extend(line)
        except (KeyError, TypeError, ValueError, ValidationError):
            done, tally, array = 0, Tally(), None
        self._last = (done, time.monotonic())
        self._written[split] = (len(tally.labels), len(tally.unread))
        return done, tally, array

    def forget(self, split: str) -> None:
        """Begin a split anew."""
        if any(line.get("split") == split for line in self._shards):
            self._append({"split": split, "done": 0, "labels": [], "unread": []})
        self._last = (0, time.monotonic())
        self._written[split] = (0, 0)

    def is_due(self, done: int) -> bool:
        """True when there is enough work to record."""
        before, at = self._last
        return done - before >= SHARD or time.monotonic() - at >= SHARD_SECONDS

    def add(self, split: str, done: int, tally: Tally, array: ArrayFile) -> None:
        """Record `done` items of a split, whose rows are on disk."""
        labels, unread = self._written[split]
        self._append(
            {
                "split": split,
                "done": done,
                "labels": tally.labels[labels:],
                "unread": _UNREAD.dump_python(tally.unread[unread:], mode="json"),
                "constant": tally.n_constant,
                "low": None if tally.low is None else tally.low.tolist(),
                "high": None if tally.high is None else tally.high.tolist(),
                "array": _ARRAY.dump_python(array, mode="json"),
            }
        )
        self._last = (done, time.monotonic())
        self._written[split] = (len(tally.labels), len(tally.unread))

    def close(self) -> None:
        """Remove the file: the work is done."""
        self._path.unlink(missing_ok=True)

    def _append(self, line: dict[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())


def is_about(work: Path, about: str) -> bool:
    """True when the work in a folder has this beginning, and some shards."""
    lines, _ = _lines(work / NAME)
    return len(lines) > 1 and lines[0] == {"about": about}


def is_worth_keeping(work: Path) -> bool:
    """True when a folder holds at least one shard."""
    return len(_lines(work / NAME)[0]) > 1


def _lines(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The lines that are whole, and their bytes."""
    found: list[dict[str, Any]] = []
    size = 0
    with suppress(OSError, ValueError), path.open("rb") as file:
        for line in file:
            entry = json.loads(line)
            if not line.endswith(b"\n") or not isinstance(entry, dict):
                break
            found.append(entry)
            size += len(line)
    return found, size
