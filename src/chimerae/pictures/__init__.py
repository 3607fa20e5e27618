"""Pictures for people: grids of samples, labelled rows, scatter plots, bars, and the files they go to."""

from __future__ import annotations

from chimerae.pictures.bars import bars
from chimerae.pictures.files import compact, opened, png, reduced, save
from chimerae.pictures.films import film
from chimerae.pictures.grids import enlargement, grid, labelled, rows, strips, tiled, top
from chimerae.pictures.points import Limits, panels, scatter

__all__ = [
    "Limits",
    "bars",
    "compact",
    "enlargement",
    "film",
    "grid",
    "labelled",
    "opened",
    "panels",
    "png",
    "reduced",
    "rows",
    "save",
    "scatter",
    "strips",
    "tiled",
    "top",
]
