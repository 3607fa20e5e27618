"""Progress display for people who wait."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.text import Text

from chimerae.durations import in_words, mean_pace
from chimerae.run_folder.log import LogLine

QUIET_SECONDS = 10.0
"""Without a terminal, a line at most this often."""


def describe(line: LogLine, total: int, remaining: float | None) -> str:
    """The progress line: step, time left where it is known, speed, each player's loss, health."""
    losses = "  ".join(f"{name} {loss:.4g}" for name, loss in line.losses.items())
    word = f"  [{line.health}]" if line.health else ""
    left = "" if remaining is None else f"  {in_words(remaining)} left"
    return (
        f"step {line.step:,}/{total:,} ({line.step / total:.0%}){left}  "
        f"{line.images_per_second:,.0f}/s  {losses}{word}"
    )


@dataclass(frozen=True)
class _Count:
    """Start of a count, in units and in time: resumed work begins with some units done."""

    done: int
    total: int
    at: float


@dataclass
class Display:
    """One live line on a terminal; elsewhere a printed line now and then."""

    live: Live | None
    _profile: Sequence[float] = (1.0,)
    _first: LogLine | None = None
    _counted: _Count = field(default_factory=lambda: _Count(0, 0, 0.0))
    _printed: float = -QUIET_SECONDS

    def expect(self, profile: Sequence[float]) -> None:
        """Take phases of different pace into account: seconds of a step in equal parts of the run."""
        self._profile = profile

    def line(self, line: LogLine, total: int) -> None:
        """A `Listener` for a run's log; the first line is shown at once."""
        first, self._first = self._first, self._first or line
        text = describe(line, total, self._left(line, first, total))
        style = "yellow" if line.ailment else ""
        self._show(text, now=first is None or line.step == total, style=style)

    def _left(self, line: LogLine, first: LogLine | None, total: int) -> float | None:
        """Seconds to the end of a run, from its pace since the line `first`; None at the first step, which
        takes longer than the others.
        """
        if line.step == 1:
            return None
        known = first is not None and first.step < line.step
        step, seconds = (first.step, first.seconds) if first is not None and known else (0, 0.0)
        pace = (line.seconds - seconds) / (line.step - step)
        done = line.step / total
        ahead = mean_pace(self._profile, done, 1.0) / mean_pace(self._profile, step / total, done)
        return (total - line.step) * pace * ahead

    def count(self, done: int, total: int, what: str, left: float | None = None) -> None:
        """A `Progress` for work in units; without `left`, the pace so far gives the time to the end."""
        if not total:
            self._show(f"{done:,} {what}")
            return
        now, began = time.monotonic(), self._counted
        if total != began.total or done < began.done:
            began = self._counted = _Count(done, total, now)
        if left is None and done > began.done:
            left = (total - done) * (now - began.at) / (done - began.done)
        ending = "" if left is None else f"  {in_words(left)} left"
        self._show(f"{done:,}/{total:,} {what}{ending}")

    def status(self, text: str, now: bool = False) -> None:
        """Show `text` as the live line; `now`: at once, wherever it is printed."""
        self._show(text, now=now)

    def tell(self, sentence: str) -> None:
        """Print a permanent sentence."""
        if self.live is not None:
            self.live.console.print(Text(sentence))
        else:
            print(sentence, file=sys.stderr, flush=True)

    def _show(self, text: str, *, now: bool = False, style: str = "") -> None:
        at = time.monotonic()
        if self.live is not None:
            self.live.update(Text(text, style=style), refresh=True)
        elif now or at - self._printed >= QUIET_SECONDS:
            print(text, file=sys.stderr, flush=True)
            self._printed = at


@contextmanager
def display() -> Iterator[Display]:
    """A `Display` on standard error, for one piece of long work."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Display(None, _printed=time.monotonic())
        return
    with Live(console=console, auto_refresh=False) as live:
        yield Display(live)
