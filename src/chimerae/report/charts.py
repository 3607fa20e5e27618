"""Curves over the steps of runs: small multiples, as inline SVG for pages and as one PNG for documents."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np

from chimerae.report.read import RunFolder
from chimerae.report.svg import INK, scaled, styled, svg_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

MOST_POINTS: Final = 240
"""Most points of a curve; longer logs are drawn as means over neighbouring lines."""
MOST_PANELS: Final = 60
MOST_LETTERS: Final = 60
"""Panels of a page, and letters of a name in a picture; a damaged log may have any number of them."""


@dataclass(frozen=True)
class Curve:
    """One curve: values over steps, both `[n]`."""

    steps: NDArray[np.float64]
    values: NDArray[np.float64]
    colour: str
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """One quantity, with the curves of all runs that have it."""

    title: str
    lines: tuple[Curve, ...]
    hint: str = ""


def panels(runs: Sequence[RunFolder], colours: Sequence[str]) -> list[Panel]:
    """Every loss, then every logged quantity; `x_real` and `x_fake` share the panel `x`."""
    named: dict[str, list[Curve]] = {}
    for run, colour in zip(runs, colours, strict=True):
        for title, line in _lines(run, colour):
            named.setdefault(title, []).append(line)
    ordered = sorted(named, key=lambda title: not title.startswith("loss"))[:MOST_PANELS]
    return [
        Panel(title, tuple(named[title]), "solid: real, dashed: fake" if title.endswith("real, fake") else "")
        for title in ordered
    ]


def svg(panel: Panel, prefix: str) -> str:
    """One panel as an SVG element that takes the page's text colour and font; `prefix` keeps ids apart."""
    return svg_of(lambda ax: draw(ax, panel, INK), prefix, panel.title)


def png(shown: Sequence[Panel], labels: Mapping[str, str]) -> bytes:
    """All panels in one picture, three in a row; `labels` (colour -> run) is written above."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    columns = min(3, len(shown))
    height = math.ceil(len(shown) / columns)
    with matplotlib.rc_context({"font.size": 8}):
        figure = Figure(figsize=(3.0 * columns, 1.9 * height + 0.35), dpi=100, layout="constrained")
        axes = figure.subplots(height, columns, squeeze=False).ravel()
        for ax, panel in zip(axes, shown, strict=False):
            draw(ax, panel, "#444444")
            ax.set_title(panel.title[:MOST_LETTERS], fontsize=8.5, loc="left", parse_math=False)
        for ax in axes[len(shown) :]:
            ax.set_axis_off()
        handles = [Line2D([], [], color=colour) for colour in labels]
        names = [label[:MOST_LETTERS] for label in labels.values()]
        legend = figure.legend(handles, names, loc="outside upper left", ncols=4, frameon=False)
        for text in legend.get_texts():
            text.set_parse_math(False)
        out = BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def draw(ax: Axes, panel: Panel, ink: str) -> None:
    """Draw the lines of one panel; the scale is chosen by the values."""
    for line in panel.lines:
        style = (0, (4, 2)) if line.dashed else "solid"
        ax.plot(line.steps, line.values, color=line.colour, linewidth=1.3, linestyle=style)
    scaled(ax, np.concatenate([line.values for line in panel.lines]))
    styled(ax, ink)
    ax.xaxis.set_major_formatter(_steps)
    ax.locator_params(axis="x", nbins=5)


def thinned(values: NDArray[np.float64], most: int = MOST_POINTS) -> NDArray[np.float64]:
    """Means of equally many neighbours, such that at most `most` values are left; NaN spreads to its group.

    >>> thinned(np.array([1.0, 3.0, 5.0, 7.0, 9.0]), most=3)
    array([2., 6., 9.])
    """
    group = math.ceil(len(values) / most)
    if group < 2:
        return values
    starts = np.arange(0, len(values), group)
    counts = np.diff(np.append(starts, len(values)))
    means: NDArray[np.float64] = np.add.reduceat(values, starts) / counts
    return means


def _lines(run: RunFolder, colour: str) -> Iterator[tuple[str, Curve]]:
    steps = np.array([entry.step for entry in run.log], dtype=np.float64)
    for kind, table in (
        ("loss of ", [entry.losses for entry in run.log]),
        ("", [entry.logged for entry in run.log]),
    ):
        for name in dict.fromkeys(name for entry in table for name in entry):
            values = np.array([entry.get(name, math.nan) for entry in table])
            values[~np.isfinite(values)] = math.nan
            stem, _, side = name.rpartition("_")
            paired = bool(stem) and side in ("real", "fake") and not kind
            title = f"{stem}: real, fake" if paired else kind + name
            yield title, Curve(thinned(steps), thinned(values), colour, dashed=paired and side == "fake")


def _steps(value: float, _: float) -> str:
    """Steps as people write them: 500, 2k, 1.5M (the other argument is the tick)."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
