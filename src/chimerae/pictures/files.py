"""Pictures as files: PNG, and WebP where a PNG would be large."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from chimerae.errors import printable
from chimerae.files import parsed_json, write_bytes

ROWS: Final = "rows"
"""Key for the boxes of rows in a picture and its file: JSON, name -> [left, top, right, bottom]."""
PANELS: Final = "panels"
"""The same for panels of a plot."""
TOP: Final = "top"
"""Checksum of the first row as it was rendered: a WebP keeps it, though its pixels differ."""
BOXES: Final = (ROWS, PANELS)
KEYS: Final = (*BOXES, TOP)
NOTES: Final = "xmp"
"""Field of a WebP for these notes, as one JSON object."""
QUALITIES: Final = (90, 75, 60, 45)
LONGEST: Final = 4_000
SHORTEST: Final = 16
"""Pixels of a picture's sides when it has to be small."""
MOST_PIXELS: Final = 180_000_000
"""Pixels of a picture that is opened."""
FORMATS: Final = ("PNG", "WEBP")
"""Formats that are opened, whatever the name of the file: those of `png` and `webp`."""


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
        OSError, ValueError, SyntaxError: the bytes are no picture, a very large one, or its notes are none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(BytesIO(content), formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise ValueError(str(error)) from None
    if image.width * image.height > MOST_PIXELS:
        raise ValueError(f"it has {image.width} x {image.height} pixels, more than {MOST_PIXELS:,}")
    image.load()
    notes = dict(image.info)
    if image.format == "WEBP" and NOTES in notes:
        notes = parsed_json(notes[NOTES])
    image.info = {key: value for key, value in image.info.items() if key not in KEYS}
    image.info |= {key: _note(key, notes[key], image) for key in KEYS if key in notes}
    return image


def _note(key: str, note: Any, image: Image.Image) -> str:
    """The note of a picture under `key`.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(note, str):
        raise ValueError(f"its note '{key}' is no text")
    if key not in BOXES:
        return note
    boxes = parsed_json(note)
    if not isinstance(boxes, dict) or not all(_is_box(box, image) for box in boxes.values()):
        raise ValueError(f"its note '{key}' tells of no parts of the picture")
    area = sum((right - left) * (bottom - top) for left, top, right, bottom in boxes.values())
    if area > 2 * image.width * image.height:
        raise ValueError(f"its note '{key}' tells of parts that lie on one another")
    return json.dumps({printable(name): box for name, box in boxes.items()})


def _is_box(box: Any, image: Image.Image) -> bool:
    if not isinstance(box, list) or len(box) != 4 or not all(type(edge) is int for edge in box):
        return False
    left, top, right, bottom = map(int, box)
    return 0 <= left < right <= image.width and 0 <= top < bottom <= image.height


def compact(render: Callable[[int], Image.Image], most: int) -> tuple[bytes, str]:
    """A picture in at most `most` bytes, and its format: a PNG, else a WebP of the best quality that fits,
    else one reduced by a whole factor. `render` gives the picture at that fraction of its size. A WebP with a
    side under 32 pixels may be larger.
    """
    image = render(1)
    factor = -(-max(image.size) // LONGEST)
    if factor == 1 and len(content := png(image)) <= most:
        return content, "png"
    while True:
        shown = render(factor)
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
