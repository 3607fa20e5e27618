"""The list of `chimerae study NAME --dry-run`: every run, and the estimated time."""

from __future__ import annotations

from collections.abc import Sequence

from chimerae.durations import in_words
from chimerae.studies import Cell, Forecast
from chimerae.studies.forecast import makespan


def listed(cells: Sequence[Cell], forecast: Forecast, places: int | None) -> str:
    """Every run with its progress, the time that it still needs and its folder; then the time in all.

    `places` is the number of runs side by side; None: unknown.
    """
    left = [cell for cell in cells if not cell.finished]
    paces = forecast.paces()
    needed = {
        cell.folder: forecast.needed(cell, paces[cell.arm.title]) for cell in left if cell.arm.title in paces
    }
    width = max(len(cell.label) for cell in cells)
    rows = [
        f"{cell.label:<{width}}  {_state(cell, needed.get(cell.folder))}  {cell.folder}" for cell in cells
    ]
    return "\n".join([*rows, *([_in_all(left, list(needed.values()), places)] if needed else [])])


def _state(cell: Cell, needed: float | None) -> str:
    if cell.finished:
        return "finished"
    time = "" if needed is None else f"  {'' if _known(cell) else 'about '}{in_words(needed)}"
    return f"{cell.reached:,}/{cell.steps:,}{time}"


def _known(cell: Cell) -> bool:
    return cell.run.training.seconds is not None


def _in_all(left: Sequence[Cell], needed: Sequence[float], places: int | None) -> str:
    known = all(_known(cell) for cell in left)
    told = f"{in_words(sum(needed))} of learning for {len(left)} runs"
    if places is not None and places > 1:
        told += f", {in_words(makespan([], sorted(needed, reverse=True), places))} with {places} at a time"
    if known:
        return f"{told}; scoring comes on top"
    return (
        f"about {told}: an estimate from logged steps, a few steps timed on this machine, and counted "
        "operations; scoring comes on top"
    )
