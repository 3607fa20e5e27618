"""Pictures for people: grids of samples, labelled rows, scatter plots, bars, and the files they go to."""

from __future__ import annotations

from chimerae.pictures.bars import bars
from chimerae.pictures.files import compact, opened, png, reduced, save
from chimerae.pictures.films import film, gif, has_ffmpeg, mp4
from chimerae.pictures.grids import beside, enlargement, grid, labelled, rows, stacked, strips, tiled, top
from chimerae.pictures.maps import Mark, Panel, panorama
from chimerae.pictures.points import Limits, panels, scatter
from chimerae.pictures.walks import shrunk, walks

__all__ = [
    "Limits",
    "Mark",
    "Panel",
    "bars",
    "beside",
    "compact",
    "enlargement",
    "film",
    "gif",
    "grid",
    "has_ffmpeg",
    "labelled",
    "mp4",
    "opened",
    "panels",
    "panorama",
    "png",
    "reduced",
    "rows",
    "save",
    "scatter",
    "shrunk",
    "stacked",
    "strips",
    "tiled",
    "top",
    "walks",
]
