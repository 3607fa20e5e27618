"""The log of a run, `log.jsonl`: its lines (one JSON object each), writer, reader, and shorter forms."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Protocol, TypeVar

from chimerae.errors import InputError, printable
from chimerae.files import parsed_json, size_of, whole_file
from chimerae.run_folder.fields import number, section, whole
from chimerae.run_folder.schema import renamed

TAIL_BYTES = 65_536
"""Bytes at the end of a log that are searched for its last whole line."""
OK = "ok"
"""Health word of a run with nothing wrong."""
MOST_LINE = 1_000_000
"""Bytes of a line; longer ones are torn."""
MOST_LOG = 2_000_000_000
"""Bytes of a log that a report reads, line by line."""
MOST_HELD = 100_000
"""Lines of a log that a report holds, evenly spaced ones of a log that has more."""
T = TypeVar("T")


@dataclass(frozen=True)
class LogLine:
    """The state of a run after `step` steps."""

    step: int
    seconds: float
    """Learning time since the run began, over all its parts."""
    images_per_second: float
    losses: Mapping[str, float]
    logged: Mapping[str, float]
    lr: Mapping[str, float]
    health: str
    drawn: Mapping[str, float] = field(default_factory=dict)
    """Measurements on samples and reconstructions (`Probe.measure`); empty on most lines of a fast log."""

    @property
    def ailment(self) -> str:
        """The health word where something was wrong, else ''."""
        return "" if self.health == OK else self.health


class Listener(Protocol):
    """Called with every line."""

    def __call__(self, line: LogLine, total: int) -> None:
        """`total`: steps of the whole run."""
        ...


def ignore(line: LogLine, total: int) -> None:
    """Do nothing with a line."""


class Log:
    """The log of a run that trains: lines are appended as they come."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def cut(self, step: int) -> float:
        """Drop all lines after `step`, which a resumed run writes again, and return the seconds of the last
        line that stays.
        """
        seconds = 0.0
        try:
            with whole_file(self.path) as file:
                for text, line in self._lines():
                    if line.step <= step:
                        file.write(f"{text}\n".encode())
                        seconds = line.seconds
        except OSError as error:
            raise self._cannot_write(error) from None
        return seconds

    def newest_measures(self) -> tuple[int | None, dict[str, float]]:
        """Step and values of the newest measurement on samples and reconstructions; `(None, {})` for none."""
        newest: tuple[int | None, dict[str, float]] = (None, {})
        for _, line in self._lines():
            newest = (line.step, dict(line.drawn)) if line.drawn else newest
        return newest

    def append(self, line: LogLine) -> None:
        """Add one line."""
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(line)) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._cannot_write(error) from None

    def _cannot_write(self, error: OSError) -> InputError:
        return InputError(f"cannot write {self.path}: {error.strerror}; free some space and resume the run")

    def _lines(self) -> Iterator[tuple[str, LogLine]]:
        """Texts and lines up to the first one that a kill has torn: no whole line can follow it."""
        for text in _texts(self.path):
            line = parsed(text)
            if line is None or not math.isfinite(line.seconds):
                return
            yield text, line


def parsed(text: str) -> LogLine | None:
    """One line of a log; None when it is torn. Parts that are missing are empty or NaN."""
    try:
        value = renamed(parsed_json(text))
    except ValueError:
        return None
    step = whole(value.get("step")) if isinstance(value, dict) else None
    if step is None or step < 0:
        return None
    losses, logged, lr, measured = (
        {printable(name): number(v) for name, v in section(value, part).items()}
        for part in ("losses", "logged", "lr", "drawn")
    )
    return LogLine(
        step=step,
        seconds=number(value.get("seconds")),
        images_per_second=number(value.get("images_per_second")),
        losses=losses,
        logged=logged,
        lr=lr,
        health=printable(str(value.get("health", ""))),
        drawn=measured,
    )


def read_log(path: Path) -> tuple[tuple[LogLine, ...], int]:
    """The lines of a log by rising step, and the number of torn ones.

    A resumed run may log some steps again: the last line of a step counts. Of more than `MOST_HELD` lines,
    evenly spaced ones are held, those before a change of the health word, and the last.
    """
    held: list[tuple[int, LogLine]] = []
    torn, stride = 0, 1
    for i, text in enumerate(_texts(path, MOST_LOG)):
        line = parsed(text)
        if line is None:
            torn += bool(text.strip())
            continue
        while held and held[-1][1].step >= line.step:
            held.pop()
        held.append((i, line))
        if len(held) > MOST_HELD:
            while i // stride >= MOST_HELD // 2:
                stride *= 2
            held = _spaced(held, stride)
    return tuple(line for _, line in (_spaced(held, stride) if stride > 1 else held)), torn


def _spaced(held: Sequence[tuple[int, LogLine]], stride: int) -> list[tuple[int, LogLine]]:
    """Every line whose number `stride` divides, and the last; those before a change of the health word too,
    where they are few.
    """
    *before, last = held
    even = [one for one in before if one[0] % stride == 0]
    changes = [a for a, b in pairwise(held) if a[1].health != b[1].health]
    if len(changes) > MOST_HELD // 4:
        changes = []
    return [*sorted({i: (i, line) for i, line in (*even, *changes)}.values(), key=lambda one: one[0]), last]


def last_line(path: Path) -> LogLine | None:
    """The last whole line of a log; None when there is none."""
    try:
        start = max(0, size_of(path) - TAIL_BYTES)
        with path.open("rb") as file:
            file.seek(start)
            texts = file.read(TAIL_BYTES).decode("utf-8", errors="replace").splitlines()
    except (OSError, InputError):
        return None
    return next((line for text in reversed(texts) if (line := parsed(text))), None)


def last_step(path: Path) -> int:
    """Step of the last whole line of a log; 0 when there is none."""
    line = last_line(path)
    return 0 if line is None else line.step


def thinned(lines: Sequence[T], most: int, health: Sequence[str] = ()) -> list[T]:
    """At most `most` evenly spaced lines, the last one included.

    With `health`, the health word of every line, the last line before each change of the word stays too, and
    does not count: a short log stays as it is when it is shortened again.

    >>> thinned([1, 2, 3, 4, 5], 3)
    [1, 3, 5]
    >>> thinned([1, 2, 3, 4, 5], 1, ["ok", "bad", "ok", "ok", "ok"])
    [1, 2, 5]
    >>> thinned([1, 2, 5], 1, ["ok", "bad", "ok"])
    [1, 2, 5]
    """
    changes = {i for i, (a, b) in enumerate(pairwise(health)) if a != b}
    stride = max(-(-(len(lines) - len(changes)) // most), 1)
    even = set(range(len(lines) - 1, -1, -stride))
    return [lines[i] for i in sorted(even | changes)]


def shortened(path: Path, most: int) -> str:
    """The log in `path` with about `most` of its lines: evenly spaced ones, and those before a change of the
    health word, so that reports on the short log and on the whole one agree.
    """
    words = [line.health if (line := parsed(text)) else "" for text in _texts(path, MOST_LOG)]
    chosen = set(thinned(range(len(words)), most, words))
    return "\n".join(text for i, text in enumerate(_texts(path, MOST_LOG)) if i in chosen) + "\n"


def log_csv(log: Sequence[LogLine], most: int) -> str:
    """The log as CSV: at most `most` lines, evenly spaced, the last one included."""
    losses = dict.fromkeys(name for line in log for name in line.losses)
    logged = dict.fromkeys(name for line in log for name in line.logged)
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["step", "seconds", *(f"loss_{name}" for name in losses), *logged, "health"])
    for line in thinned(log, most):
        values = [*(line.losses.get(name) for name in losses), *(line.logged.get(name) for name in logged)]
        numbers = ["" if value is None else f"{value:.6g}" for value in values]
        table.writerow([line.step, f"{line.seconds:.1f}", *numbers, line.health])
    return text.getvalue()


def _texts(path: Path, most: int | None = None) -> Iterator[str]:
    """The lines of a log as text, of a log of at most `most` bytes; none when there is no log.

    Raises:
        InputError: it is longer, or cannot be read.
    """
    try:
        size = size_of(path)
        if most is not None and size > most:
            raise InputError(
                f"{path} has {size:,} bytes, and a report reads at most {most:,}; leave out some of its lines"
            )
        with path.open("rb") as file:
            while line := file.readline(MOST_LINE):
                yield line.decode("utf-8", errors="replace").rstrip("\r\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; move it away") from None
