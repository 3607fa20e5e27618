"""Scatter plots of two-dimensional points."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from chimerae.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
    from torch import Tensor

Limits = tuple[float, float, float, float]
"""Axes of a scatter plot: x from, x to, y from, y to."""
COLOUR: Final = "#2f6fb3"


def scatter(sets: Mapping[str, Tensor], *, limits: Limits | None = None) -> Image.Image:
    """Points `[n, 2]` of each set in a panel of its own, side by side on the same axes.

    Without `limits` the first set (usually the data) gives the axes. How many points of a set lie outside of
    them, or are not finite, stands under its panel.

    Raises:
        InputError: no set, or points that are not two-dimensional.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not sets:
        raise InputError("no points to show; give at least one name with points")
    points = {name: _points(name, values) for name, values in sets.items()}
    axes = limits or _limits(next(iter(points.values())))
    figure = Figure(figsize=(2.9 * len(points), 3.2), dpi=110, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(points), sharex=True, sharey=True, squeeze=False)[0]
    for panel, (name, values) in zip(panels, points.items(), strict=True):
        _panel(panel, name, values, axes)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).convert("RGB")


def _points(name: str, values: Tensor) -> NDArray[np.float32]:
    if values.ndim != 2 or values.shape[1] != 2:
        raise InputError(f"points '{name}' of shape {list(values.shape)} cannot be shown; give [n, 2]")
    return np.asarray(values.detach().float().cpu(), dtype=np.float32)


def _limits(points: NDArray[np.float32]) -> Limits:
    """Axes around the finite points, with a twelfth of their span on every side."""
    finite = points[np.isfinite(points).all(1)]
    low, high = (finite.min(0), finite.max(0)) if len(finite) else (np.zeros(2), np.ones(2))
    margin = np.maximum((high - low) / 12, 1e-3)
    (left, bottom), (right, top) = low - margin, high + margin
    return float(left), float(right), float(bottom), float(top)


def _panel(panel: Axes, name: str, values: NDArray[np.float32], axes: Limits) -> None:
    left, right, bottom, top = axes
    x, y = values.T
    inside = int(((x >= left) & (x <= right) & (y >= bottom) & (y <= top)).sum())
    panel.scatter(x, y, s=max(0.8, min(9.0, 6000 / max(len(x), 1))), c=COLOUR, alpha=0.55, linewidths=0)
    panel.set(xlim=(left, right), ylim=(bottom, top))
    panel.set_title(name, fontsize=11)
    if outside := len(x) - inside:
        panel.set_xlabel(f"{outside} of {len(x)} outside", fontsize=9, color="#666666")
    panel.tick_params(labelsize=8, length=2, colors="#666666")
    panel.spines[:].set_color("#cccccc")
