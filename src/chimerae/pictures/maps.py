"""Maps: marks with names on two axes, a panel for each set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from math import hypot
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from chimerae.errors import InputError
from chimerae.pictures.points import COLOUR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

WIDTH: Final = 6.2
HEIGHT: Final = 5.0
"""Width and height of a panel, in inches."""
EDGE: Final = 1.25
"""Factor by which the axis of x is extended for marks without x."""
GREY: Final = "#666666"
PLACES: Final = (
    ((7, 0), "left", "center"),
    ((-7, 0), "right", "center"),
    ((0, 7), "center", "bottom"),
    ((0, -7), "center", "top"),
    ((6, 6), "left", "bottom"),
    ((6, -6), "left", "top"),
    ((-6, 6), "right", "bottom"),
    ((-6, -6), "right", "top"),
    ((9, 13), "left", "bottom"),
    ((9, -13), "left", "top"),
    ((-9, 13), "right", "bottom"),
    ((-9, -13), "right", "top"),
    *(
        ((across, up), side, "center")
        for up in (24, -24, 38, -38)
        for across, side in ((14, "left"), (-14, "right"), (34, "left"), (-34, "right"))
    ),
)
"""Possible places of a name: distance from the mark in points, and alignment."""
NEAR: Final = 16
"""Distance in points up to which a name needs no line to its mark."""
LINE: Final[dict[str, Any]] = {
    "arrowstyle": "-",
    "color": "#999999",
    "linewidth": 0.6,
    "shrinkA": 0,
    "shrinkB": 3,
}


@dataclass(frozen=True)
class Mark:
    """A named place with its spread."""

    name: str
    x: float | None
    """None: unknown; the mark stands at the edge."""
    y: float
    x_spread: float = 0.0
    y_spread: float = 0.0
    """Deviations; 0: unknown or none."""


@dataclass(frozen=True)
class Panel:
    """A set of marks, and the lines they are compared with."""

    title: str
    marks: Sequence[Mark]
    upright: Mapping[str, float]
    """Lines at values of x, by name."""
    level: Mapping[str, float]
    """Lines at values of y, by name."""


def panorama(panels: Sequence[Panel], *, below: str, beside: str, edge: str) -> Image.Image:
    """Panels side by side, both axes logarithmic; `edge` is the label of the marks without x.

    Raises:
        InputError: no mark, or one with x or y of 0 or less.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    marks = [mark for panel in panels for mark in panel.marks]
    if not marks or any(mark.y <= 0 or (mark.x is not None and mark.x <= 0) for mark in marks):
        raise InputError("a map needs marks, each with x and y above 0")
    figure = Figure(figsize=(WIDTH * len(panels), HEIGHT), dpi=110, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    row = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, panel in zip(row, panels, strict=True):
        _draw(axes, panel, edge)
        axes.set_xlabel(below, fontsize=9, color=GREY)
    row[0].set_ylabel(beside, fontsize=9, color=GREY)
    figure.draw_without_rendering()  # settles the layout, which decides about overlaps of names
    figure.set_layout_engine("none")
    for axes, panel in zip(row, panels, strict=True):
        _name(axes, panel)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).convert("RGB")


def _draw(axes: Axes, panel: Panel, edge: str) -> None:
    """Lines, marks and ticks of a panel."""
    left, right = _ends(panel)
    axes.set(xscale="log", yscale="log", xlim=(left, EDGE * right), title=panel.title)
    for mark in panel.marks:
        colour, form = (GREY, "s") if mark.x is None else (COLOUR, "o")
        axes.errorbar(
            _x(mark, right),
            mark.y,
            xerr=min(mark.x_spread, 0.95 * (mark.x or 0.0)) or None,
            yerr=min(mark.y_spread, 0.95 * mark.y) or None,
            fmt=form,
            color=colour,
            markersize=5,
            elinewidth=1,
            capsize=2,
        )
    for values, line in ((panel.upright, axes.axvline), (panel.level, axes.axhline)):
        for value in values.values():
            line(value, color="#bbbbbb", linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    if any(mark.x is None for mark in panel.marks):
        axes.axvspan(right, EDGE * right, color="#f2f2f2", zorder=-1)
        _upright(axes, _middle(right), edge, "center")
    low, high = axes.get_ylim()
    axes.set_ylim(low / 1.15, high * 1.15)
    for name, value in panel.upright.items():
        _upright(axes, value, name, "right")
    for name, value in panel.level.items():
        axes.text(left, value, f" {name}", fontsize=8, color=GREY, va="bottom", ha="left")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "25" else "")
    axes.tick_params(which="both", labelsize=8, length=2, colors=GREY)
    axes.spines[:].set_color("#cccccc")
    axes.title.set_fontsize(11)


def _upright(axes: Axes, x: float, words: str, ha: str) -> None:
    """Words from the top downwards."""
    place = axes.get_xaxis_transform()
    axes.text(x, 0.98, words, transform=place, fontsize=8, color=GREY, rotation=90, ha=ha, va="top")


def _ends(panel: Panel) -> tuple[float, float]:
    """Beginning of the axis of x, and end of its part in which marks have an x."""
    places = [mark.x for mark in panel.marks if mark.x is not None] + list(panel.upright.values())
    ends = [mark.x + mark.x_spread for mark in panel.marks if mark.x is not None]
    return 0.75 * min(places, default=1.0), 1.15 * max([*ends, *places], default=1.0)


def _middle(right: float) -> float:
    """The middle of the edge."""
    return float(EDGE**0.5 * right)


def _x(mark: Mark, right: float) -> float:
    return _middle(right) if mark.x is None else mark.x


def _name(axes: Axes, panel: Panel) -> list[Bbox]:
    """Write each mark's name inside the frame where it covers the fewest other marks and names; the places
    of the names.
    """
    from matplotlib.text import Text

    (_, right), frame = _ends(panel), axes.get_window_extent()
    spots = [axes.transData.transform((_x(mark, right), mark.y)) for mark in panel.marks]
    taken: list[Bbox] = []
    for mark, spot in zip(panel.marks, spots, strict=True):
        place = (_x(mark, right), mark.y)
        tried: list[tuple[int, int, Annotation, Bbox]] = []
        for offset, ha, va in PLACES:
            line = LINE if hypot(*offset) > NEAR else None
            label = axes.annotate(
                mark.name,
                place,
                offset,
                textcoords="offset points",
                fontsize=8,
                ha=ha,
                va=va,
                arrowprops=line,
            )
            label.get_window_extent()  # settles where the words stand
            box = Text.get_window_extent(label)  # without the line
            hits = sum(box.overlaps(other) for other in taken)
            hits += sum(box.padded(3).contains(*other) for other in spots if tuple(other) != tuple(spot))
            hits += 10 * (
                not (frame.x0 < box.x0 and box.x1 < frame.x1 and frame.y0 < box.y0 and box.y1 < frame.y1)
            )
            tried.append((hits, len(tried), label, box))
            label.set_visible(False)
            if not hits:
                break
        _, _, label, box = min(tried, key=lambda one: one[:2])
        label.set_visible(True)
        taken.append(box)
    return taken
