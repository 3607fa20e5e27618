"""Pictures as files: PNG, and WebP where a PNG would be large."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from chimerae.files import write_bytes

ROWS: Final = "rows"
"""Key for the boxes of rows in a picture and its file: JSON, name -> [left, top, right, bottom]."""
PANELS: Final = "panels"
"""The same for panels of a plot."""
TOP: Final = "top"
"""Checksum of the first row as it was drawn: a WebP keeps it, though its pixels differ."""
BOXES: Final = (ROWS, PANELS)
KEYS: Final = (*BOXES, TOP)
NOTES: Final = "xmp"
"""Field of a WebP for these notes, as one JSON object."""
QUALITIES: Final = (90, 75, 60, 45)
LONGEST: Final = 4_000
SHORTEST: Final = 16
"""Pixels of a picture's sides when it has to be small."""


def save(image: Image.Image, path: str | os.PathLike[str]) -> None:
    """Write a PNG atomically; folders are created.

    Raises:
        InputError: the place cannot be written.
    """
    write_bytes(Path(path), png(image))


def png(image: Image.Image) -> bytes:
    """The picture as the bytes of a PNG file: the same picture gives the same bytes."""
    buffer, notes = BytesIO(), PngInfo()
    for key in KEYS:
        if key in image.info:
            notes.add_text(key, image.info[key])
    image.save(buffer, "PNG", optimize=True, pnginfo=notes)
    return buffer.getvalue()


def webp(image: Image.Image, quality: int) -> bytes:
    """The picture as the bytes of a lossy WebP file; `quality` from 0 (few bytes) to 100."""
    notes = {key: image.info[key] for key in KEYS if key in image.info}
    buffer = BytesIO()
    image.convert("RGB").save(buffer, "WEBP", quality=quality, method=6, xmp=json.dumps(notes).encode())
    return buffer.getvalue()


def opened(content: bytes) -> Image.Image:
    """A picture that `png` or `webp` made, with its notes.

    Raises:
        OSError: the bytes are no picture.
    """
    image = Image.open(BytesIO(content))
    image.load()
    if image.format == "WEBP" and NOTES in image.info:
        image.info |= json.loads(image.info[NOTES])
    return image


def compact(drawn: Callable[[int], Image.Image], most: int) -> tuple[bytes, str]:
    """A picture in at most `most` bytes, and its format: a PNG, else a WebP of the best quality that fits,
    else one reduced by a whole factor. `drawn` gives the picture at that fraction of its size. A WebP with a
    side under 32 pixels may be larger.
    """
    image = drawn(1)
    factor = -(-max(image.size) // LONGEST)
    if factor == 1 and len(content := png(image)) <= most:
        return content, "png"
    while True:
        shown = drawn(factor)
        for quality in QUALITIES:
            if len(content := webp(shown, quality)) <= most or min(shown.size) < 2 * SHORTEST:
                return content, "webp"
        factor += 1


def reduced(image: Image.Image, factor: int) -> Image.Image:
    """The picture at a whole fraction of its size, with the boxes of its rows and panels."""
    if factor == 1:
        return image
    made = image.convert("RGB").reduce(factor)
    for key in BOXES:
        if key in image.info:
            boxes = json.loads(image.info[key])
            scaled = {name: [round(edge / factor) for edge in box] for name, box in boxes.items()}
            made.info[key] = json.dumps(scaled)
    if TOP in image.info:
        made.info[TOP] = image.info[TOP]
    return made
