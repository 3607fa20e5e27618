"""Films of learning: the sheets that a run drew while it learnt, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image

from chimerae.pictures import film, panels, reduced, tiled
from chimerae.report.images import Picture, open_picture, picture
from chimerae.report.read import Snapshot

FEWEST: Final = 3
MOST: Final = 40
WIDEST: Final = 900
"""Limits of a film: fewest and most frames, and their width in pixels."""
NARROW: Final = 260
SMALL_QUALITY: Final = 55
"""Width in pixels, and quality, of the films of many runs on one page."""


def moving(snapshots: Sequence[Snapshot]) -> Picture | None:
    """All snapshots of one kind, one after another, each under its step; None for fewer than three."""
    return _shown(
        [(s.step, _narrow(open_picture(s.path))) for s in _chosen(snapshots)], "all of them in turn"
    )


def moving_corner(snapshots: Sequence[Snapshot]) -> Picture | None:
    """The same for the upper left quarter of square sheets, in few bytes, for pages of many runs."""
    return _shown([(s.step, _corner(open_picture(s.path))) for s in _chosen(snapshots)], "", SMALL_QUALITY)


def kept(path: Path) -> Picture | None:
    """The film in the file `path`; None if there is no file.

    Raises:
        InputError: it cannot be read.
    """
    if not path.is_file():
        return None
    return replace(picture(path, ""), labelled=True)


def _chosen(snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Snapshots in order, evenly chosen if there are many; empty for fewer than three."""
    own = sorted(snapshots, key=lambda s: s.step)
    if len(own) < FEWEST:
        return []
    count = min(len(own), MOST)
    return [own[i * (len(own) - 1) // (count - 1)] for i in range(count)]


def _shown(sheets: Sequence[tuple[int, Image.Image]], caption: str, quality: int = 80) -> Picture | None:
    if not sheets:
        return None
    content = film([tiled({f"step {step:,}": sheet}, columns=1) for step, sheet in sheets], quality)
    size = Image.open(BytesIO(content)).size
    return Picture(content, *size, caption, labelled=True, form="webp")


def _narrow(image: Image.Image) -> Image.Image:
    return reduced(image, -(-image.width // WIDEST))


def _corner(sheet: Image.Image) -> Image.Image:
    """A quarter of the images, without the white lines after them; of a plot, the last panel."""
    if parts := panels(sheet):
        return list(parts.values())[-1]
    quarter = sheet.crop((0, 0, (sheet.width + 1) // 2 - 1, (sheet.height + 1) // 2 - 1))
    return reduced(quarter, -(-quarter.width // NARROW))
