"""The page of a search: its best settings, how it went, which settings mattered, and all trials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from markupsafe import Markup

from chimerae.durations import in_words
from chimerae.files import write_text
from chimerae.report.compare import NOT_SET
from chimerae.report.images import picture
from chimerae.report.page import CAPTIONS, FIRST, Chart, Gallery
from chimerae.report.search_words import counted, is_short, objective, range_words, term_title, verdict
from chimerae.report.svg import COLOURS, INK, scaled, styled, svg_of
from chimerae.report.template import rendered
from chimerae.run_folder.schema import PICTURES
from chimerae.run_folder.search import Choice, Range, Search, Trial, Value, in_short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAGE: Final = "index.html"
"""Name of the page in the folder of a search."""


@dataclass(frozen=True)
class SettingRow:
    """One searched setting."""

    name: str
    own: str
    best: str
    searched: str
    share: float | None
    """Its importance in percent; None while that is unknown."""


def write_page(folder: Path, search: Search) -> None:
    """Write the page of `search` into its `folder`. The same folder gives the same bytes.

    Raises:
        InputError: it cannot be written, or a picture of the best trial is damaged.
    """
    best = search.best
    text = rendered(
        "search.html",
        heading=f"Search: {search.recipe} on {Path(search.data).name}",
        search=search,
        verdict=verdict(search),
        objective=objective(search),
        few=best is not None and is_short(best),
        counted=counted(search),
        settings=setting_rows(search),
        best=best,
        charts=[*_history(search), *_slices(search)],
        looks=[] if best is None else list(_looks(folder / best.folder)),
        head=[*map(term_title, search.objective)],
        trials=[_row(search, trial) for trial in search.trials],
        names=[path.rpartition(".")[2] for path in search.space],
    )
    write_text(folder / PAGE, text)


def setting_rows(search: Search) -> list[SettingRow]:
    """Every searched setting, the important ones first."""
    best = search.best
    own = next((trial.settings for trial in search.trials if trial.first), {})
    rows = []
    for path, each in search.space.items():
        share = search.importance.get(path)
        now = NOT_SET if best is None else in_short(best.settings.get(path, NOT_SET))
        first = in_short(own.get(path, NOT_SET))
        of = range_words(each)
        rows.append(SettingRow(path, first, now, of, None if share is None else 100 * share))
    return sorted(rows, key=lambda row: -(row.share or 0.0))


def _row(search: Search, trial: Trial) -> dict[str, object]:
    metrics = [in_short(trial.values[term]) if term in trial.values else "" for term in search.objective]
    end = {"done": "", "pruned": "ended early", "failed": "failed", "running": "at work"}[trial.state]
    return {
        "number": trial.number,
        "best": trial == search.best,
        "cost": "" if trial.cost is None else f"{trial.cost:.4g}",
        "metrics": metrics,
        "settings": [in_short(trial.settings.get(path, NOT_SET)) for path in search.space],
        "steps": f"{trial.steps:,}" if trial.steps else "",
        "took": in_words(trial.seconds) if trial.seconds else "",
        "end": ": ".join(filter(None, [end, trial.why])) or trial.health,
        "folder": trial.folder,
    }


def _looks(run: Path) -> Iterator[Gallery]:
    """Reconstructions and samples of the best trial."""
    for kind in FIRST:
        path = next(
            (p for p in (run / PICTURES / f"{kind}.png", run / PICTURES / f"{kind}.webp") if p.exists()), None
        )
        if path is not None:
            yield Gallery(CAPTIONS[kind], (picture(path, ""),))


def _history(search: Search) -> Iterator[Chart]:
    """The objective of every trial, and the best so far."""
    done = [trial for trial in search.trials if trial.cost is not None]
    if len(done) < 2:
        return
    numbers = np.array([trial.number for trial in done], dtype=np.float64)
    costs = np.array([trial.cost for trial in done], dtype=np.float64)
    early = [trial.number for trial in search.trials if trial.state in ("pruned", "failed")]

    def paint(ax: Axes) -> None:
        ax.plot(
            numbers, np.minimum.accumulate(costs), drawstyle="steps-post", color=COLOURS[0], linewidth=1.3
        )
        _dots(ax, numbers, costs, search, done)
        scaled(ax, costs)
        styled(ax, INK)
        if early:
            ax.plot(
                early,
                [0.02] * len(early),
                "x",
                color=COLOURS[4],
                markersize=4,
                transform=ax.get_xaxis_transform(),
            )
        ax.locator_params(axis="x", nbins=6, integer=True)

    hint = "line: best so far" + ("; crosses: ended early or failed" if early else "")
    yield Chart("objective by trial", hint, Markup(svg_of(paint, "history", "Objective by trial")))


def _slices(search: Search) -> Iterator[Chart]:
    """The objective over every searched setting, the important ones first."""
    for i, row in enumerate(setting_rows(search)):
        done = [t for t in search.trials if t.cost is not None and row.name in t.settings]
        if len(done) < 2:
            continue
        paint = _slice(search, row.name, done)
        yield Chart(row.name, "", Markup(svg_of(paint, f"slice{i}", f"Objective over {row.name}")))


def _slice(search: Search, path: str, done: Sequence[Trial]) -> Callable[[Axes], None]:
    of = search.space[path]
    costs = np.array([trial.cost for trial in done], dtype=np.float64)
    named: dict[Value, int] = (
        {value: i for i, value in enumerate(of.values)} if isinstance(of, Choice) else {}
    )
    places = _places([trial.settings[path] for trial in done], named)

    def paint(ax: Axes) -> None:
        _dots(ax, places, costs, search, done)
        scaled(ax, costs)
        styled(ax, INK)
        if isinstance(of, Choice):
            ax.set_xticks(range(len(of.values)), [in_short(value) for value in of.values])
            ax.set_xlim(-0.5, len(of.values) - 0.5)
        else:
            _ranged(ax, of)

    return paint


def _ranged(ax: Axes, of: Range) -> None:
    """Let the horizontal axis show a whole range, with ticks at its ends and its middle."""
    if of.log:
        ax.set_xscale("log")
        ax.xaxis.set_minor_formatter("")
    middle = (of.low * of.high) ** 0.5 if of.log else (of.low + of.high) / 2
    ticks = [of.low, middle, of.high]
    ax.set_xticks(ticks, [f"{tick:.3g}" for tick in ticks])


def _places(
    values: Sequence[Value], named: Mapping[Value, int]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Places on the horizontal axis: numbers themselves, or the index of a choice."""
    return np.array([named.get(value, len(named)) if named else value for value in values], dtype=np.float64)


def _dots(ax: Axes, x: object, costs: object, search: Search, done: Sequence[Trial]) -> None:
    """A dot per trial, the best one in another colour, the recipe's own as a ring."""
    best = search.best
    colours = [COLOURS[1] if trial == best else COLOURS[0] for trial in done]
    faces = ["none" if trial.first else colour for trial, colour in zip(done, colours, strict=True)]
    ax.scatter(x, costs, s=22, c=faces, edgecolors=colours, linewidths=1.2, zorder=3)  # type: ignore[arg-type]
