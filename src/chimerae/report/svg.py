"""Charts as SVG elements of a page, in its text colour and font, and the look of all charts."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

COLOURS: Final = (
    "#3b7dd8",
    "#e07b39",
    "#2fa36b",
    "#a06bd6",
    "#d14b5a",
    "#1799a8",
    "#a0785a",
    "#d46bb3",
)
"""One per kind of run, in order; readable on white and on black."""
INK: Final = "#010203"
"""Stands for the page's text colour in SVG."""


def svg_of(paint: Callable[[Axes], None], prefix: str, title: str, width: float = 3.5) -> str:
    """An SVG element, `width` inches wide, with all that `paint` draws on its axes; `prefix` keeps ids
    apart.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": prefix, "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(width, 2.1), layout="constrained")
        figure.patch.set_alpha(0)
        paint(figure.subplots())
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return _inline(text.getvalue(), prefix, title)


def styled(ax: Axes, ink: str) -> None:
    """Give axes the look of all charts: a faint grid, two spines, small ticks."""
    ax.patch.set_alpha(0)
    ax.grid(color=ink, alpha=0.12, linewidth=0.7)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(color=ink, alpha=0.5)
    ax.tick_params(colors=ink, which="both", length=2, labelsize=8)


def scaled(ax: Axes, values: NDArray[np.float64]) -> None:
    """Choose the scale of the vertical axis by the values."""
    scale = scale_for(values)
    if scale == "symlog":
        finite = np.abs(values[np.isfinite(values) & (values != 0)])
        ax.set_yscale("symlog", linthresh=float(np.median(finite)))
    elif scale == "log":
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("")
    else:
        ax.locator_params(axis="y", nbins=5)
        ax.ticklabel_format(axis="y", useOffset=False)


def scale_for(values: NDArray[np.float64]) -> str:
    """`log` for positive values over more than a factor of 10, `symlog` for a few huge ones of either sign.

    >>> [scale_for(np.array(values)) for values in ([1.0, 5.0], [0.1, 50.0], [-2.0, 1.0, 1.0, 900.0])]
    ['linear', 'log', 'symlog']
    """
    finite = values[np.isfinite(values)]
    size = np.abs(finite[finite != 0])
    if not len(size):
        return "linear"
    if len(size) == len(finite) and finite.min() > 0:
        return "log" if finite.max() / finite.min() > 10 else "linear"
    return "symlog" if size.max() > 100 * float(np.median(size)) else "linear"


def _inline(text: str, prefix: str, title: str) -> str:
    """An SVG file as an element of a page."""
    element = text[text.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>\s*", "", element, flags=re.DOTALL)
    element = re.sub(r'\s(?:xmlns(?::\w+)?|version)="[^"]*"', "", element)
    element = re.sub(r'(\sid="|url\(#|href="#)', rf"\1{prefix}-", element)
    element = re.sub(r"(font: [\d.]+px )[^;\"]*", r"\1var(--sans)", element)
    element = element.replace("xlink:href", "href").replace(INK, "currentColor")
    return element.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)
