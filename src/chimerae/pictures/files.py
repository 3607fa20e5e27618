"""Pictures as PNG files."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from chimerae.files import write_bytes

ROWS: Final = "rows"
"""Key under which a picture, and its PNG, notes where rows lie: JSON, name -> [left, top, right, bottom]."""
PANELS: Final = "panels"
"""The same for panels of a plot."""


def save(image: Image.Image, path: str | os.PathLike[str]) -> None:
    """Write a PNG, whole or not at all; folders are made.

    Raises:
        InputError: the place cannot be written.
    """
    write_bytes(Path(path), png(image))


def png(image: Image.Image) -> bytes:
    """The picture as the bytes of a PNG file: the same picture gives the same bytes."""
    buffer, notes = BytesIO(), PngInfo()
    for key in (ROWS, PANELS):
        if key in image.info:
            notes.add_text(key, image.info[key])
    image.save(buffer, "PNG", optimize=True, pnginfo=notes)
    return buffer.getvalue()
