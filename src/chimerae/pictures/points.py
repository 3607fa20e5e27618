"""Scatter plots of two-dimensional points."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from chimerae.errors import InputError
from chimerae.pictures.files import PANELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
    from torch import Tensor

Limits = tuple[float, float, float, float]
"""Axes of a scatter plot: x from, x to, y from, y to."""
COLOUR: Final = "#2f6fb3"
HEIGHT: Final = 3.2
"""Height of a picture, in inches; frames of panels lie in fixed places."""


def scatter(sets: Mapping[str, Tensor], *, limits: Limits | None = None) -> Image.Image:
    """Points `[n, 2]` of each set in a panel of its own, side by side on the same axes.

    Without `limits` the first set (usually the data) gives the axes. The number of points of a set that
    lie outside of them, or are not finite, stands under its panel.

    Raises:
        InputError: no set, or points of another dimension than 2.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not sets:
        raise InputError("no points to show; give at least one name with points")
    points = {name: _points(name, values) for name, values in sets.items()}
    axes = limits or _limits(next(iter(points.values())))
    width = 2.9 * len(points)
    figure = Figure(figsize=(width, HEIGHT), dpi=110, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    beside = figure.subplots(1, len(points), sharex=True, sharey=True, squeeze=False)[0]
    sides = {"left": 0.45 / width, "right": 1 - 0.1 / width, "bottom": 0.5 / HEIGHT, "top": 1 - 0.3 / HEIGHT}
    figure.subplots_adjust(**sides, wspace=0.06)  # a layout engine takes longer than all the rest
    for panel, (name, values) in zip(beside, points.items(), strict=True):
        _panel(panel, name, values, axes)
    canvas.draw()  # type: ignore[no-untyped-call]
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba()))  # type: ignore[no-untyped-call]
    picture = picture.convert("RGB")
    picture.info[PANELS] = json.dumps(dict(zip(points, map(_box, beside), strict=True)))
    return picture


def panels(picture: Image.Image) -> dict[str, Image.Image]:
    """The panels of a picture that `scatter` made, without ticks and titles; none for any other picture.

    >>> import torch
    >>> sorted(panels(scatter({"data": torch.rand(4, 2), "decoder": torch.rand(4, 2)})))
    ['data', 'decoder']
    """
    boxes = json.loads(picture.info.get(PANELS, "{}"))
    return {name: picture.crop(tuple(box)) for name, box in boxes.items()}


def _box(panel: Axes) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a panel's frame, from the upper left corner, in pixels."""
    frame = panel.get_window_extent()
    height = panel.get_figure(root=True).bbox.height  # type: ignore[union-attr]
    left, right = round(frame.x0) - 1, round(frame.x1) + 2
    return left, round(height - frame.y1) - 1, right, round(height - frame.y0) + 2


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
