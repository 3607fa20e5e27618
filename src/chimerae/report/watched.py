"""Runs that learn now, as their folders tell: the newest ones, and how far each is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from chimerae.durations import in_words
from chimerae.errors import InputError
from chimerae.report.read import RunFolder
from chimerae.run_folder.log import LogLine
from chimerae.run_folder.schema import LOG, PREVIEWS, RUN, SCORES

MOST_RUNS: Final = 8
"""Runs on a page, the most recently changed ones."""
PACE_LINES: Final = 20
"""Lines of the log from whose times the rest of a run is estimated."""
QUIET: Final = 5.0
"""A run is quiet when it has logged nothing for so many times its usual interval, and a minute at least."""


def run_folders(places: Sequence[Path]) -> list[Path]:
    """Run folders among `places` and directly inside them: those that changed last, at most `MOST_RUNS`.

    Raises:
        InputError: a place does not exist.
    """
    found: dict[Path, float] = {}
    for place in places:
        if not place.is_dir():
            raise InputError(f"{place} is no folder; give run folders, or the folder that holds them")
        for folder in [place, *sorted(place.iterdir())]:
            if (folder / RUN).is_file():
                found[folder] = _changed(folder)
    return sorted(found, key=lambda folder: -found[folder])[:MOST_RUNS]


def state_of(folders: Sequence[Path]) -> str:
    """Text that changes whenever the page about `folders` would."""
    return "\n".join(
        f"{folder} {_changed(folder)} {_size(folder / LOG)} {len(list((folder / PREVIEWS).glob('*.png')))}"
        for folder in folders  # sizes and counts too, because some clocks of file systems are coarse
    )


def progress(run: RunFolder, now: float) -> Iterator[str]:
    """Words on how far `run` is at the time `now`, in seconds since 1970: step, time left, speed, or that it
    ended or is quiet.
    """
    if not run.log:
        yield f"nothing of {run.steps:,} steps is logged yet"
        return
    yield f"step {run.reached:,} of {run.steps:,}"
    if run.reached >= run.steps:
        yield f"done in {in_words(run.log[-1].seconds)}"
        yield "evaluated" if run.scores else "not evaluated yet"
        return
    left, silence = remaining(run.log, run.steps), now - _changed(run.path)
    if silence > max(60.0, QUIET * _interval(run.log)):
        yield f"nothing new for {in_words(silence)}: it may have been stopped"
    elif left is not None:
        yield f"{in_words(left)} left"
        yield f"{run.log[-1].images_per_second:,.0f} a second"


def remaining(log: Sequence[LogLine], steps: int) -> float | None:
    """Seconds of learning that are left, from the pace of the last lines; None before the second line."""
    last = [line for line in log[-PACE_LINES:] if line.seconds == line.seconds]
    if len(last) < 2 or last[-1].step <= last[0].step:
        return None
    pace = (last[-1].seconds - last[0].seconds) / (last[-1].step - last[0].step)
    return max(0.0, pace * (steps - last[-1].step))


def _interval(log: Sequence[LogLine]) -> float:
    """Seconds between two of the last lines."""
    last = log[-PACE_LINES:]
    return (last[-1].seconds - last[0].seconds) / max(len(last) - 1, 1)


def _changed(folder: Path) -> float:
    """The time of the newest change of a run: its log, its previews, its scores."""
    return max(_time(folder / name) for name in (RUN, LOG, PREVIEWS, SCORES))


def _time(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
