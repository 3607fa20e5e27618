"""Bars: one value per dimension."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

from PIL import Image

from chimerae.errors import InputError
from chimerae.pictures.points import COLOUR

if TYPE_CHECKING:
    from torch import Tensor

WIDTH: Final = 5.8
HEIGHT: Final = 2.4
"""Width and height of the picture, in inches."""


def bars(values: Tensor, *, below: str, beside: str) -> Image.Image:
    """Finite `values` `[n]` as bars from left to right; `below` and `beside` name the two axes.

    >>> import torch
    >>> bars(torch.tensor([2.0, 1.0]), below="dimension", beside="nats").size
    (638, 264)

    Raises:
        InputError: no values, or not one per bar.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if values.ndim != 1 or not len(values):
        raise InputError(f"values of shape {list(values.shape)} cannot be shown as bars; give [n], n > 0")
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=110, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.bar(range(1, len(values) + 1), values.detach().float().cpu().numpy(), width=0.9, color=COLOUR)
    axes.set_xlim(0.4, len(values) + 0.6)
    axes.set_xlabel(below, fontsize=9, color="#666666")
    axes.set_ylabel(beside, fontsize=9, color="#666666")
    axes.tick_params(labelsize=8, length=2, colors="#666666")
    axes.spines[:].set_color("#cccccc")
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).convert("RGB")
