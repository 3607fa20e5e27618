"""Grids of images, and labelled rows of images that belong together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import ceil, sqrt
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from chimerae.errors import InputError, printable
from chimerae.pictures.files import ROWS, TOP

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

TILE: Final = 64
"""Pixels that the longer side of an image may have in a grid once it is enlarged."""
LABEL: Final = 15
"""Height of the letters beside rows, in pixels."""
LONGEST: Final = 120
"""Letters of a name that are drawn."""


def grid(
    images: Tensor, *, columns: int | None = None, padding: int = 1, scale: int | None = None
) -> Image.Image:
    """Images `[n, C, H, W]` in [0, 1] as one picture, row by row; as near to a square as `n` allows.

    Values outside [0, 1] are clipped, NaN is black; C is 1 or 3. `padding` is the white line between images,
    in pixels of the picture; `scale` the whole factor of enlargement (nearest neighbour), by default so that
    small images nearly fill `TILE`.

    >>> import torch
    >>> grid(torch.rand(6, 3, 32, 32), columns=3, padding=0, scale=1).size
    (96, 64)

    Raises:
        InputError: no images, or images of another shape.
    """
    tiles = _tiles(images, scale)
    n, height, width, channels = tiles.shape
    columns = min(n, columns or ceil(sqrt(n)))
    lines = ceil(n / columns)
    canvas = np.full(
        (lines * (height + padding) - padding, columns * (width + padding) - padding, channels), 255, np.uint8
    )
    for i, tile in enumerate(tiles):
        top, left = (i // columns) * (height + padding), (i % columns) * (width + padding)
        canvas[top : top + height, left : left + width] = tile
    return Image.fromarray(canvas.squeeze(2) if channels == 1 else canvas)


def enlargement(height: int, width: int) -> int:
    """The whole factor by which `grid` and `rows` enlarge images of this size.

    >>> enlargement(8, 8), enlargement(28, 20), enlargement(96, 64)
    (8, 2, 1)
    """
    return max(1, TILE // max(height, width))


def rows(named: Mapping[str, Tensor], *, padding: int = 2, scale: int | None = None) -> Image.Image:
    """One labelled row per entry, one under the other: `{"original": [n, C, H, W], "decoder": ..., ...}`.

    Images of one column belong together. Same ranges, shapes and errors as `grid`.

    >>> import torch
    >>> picture = rows({"original": torch.rand(4, 1, 28, 28), "decoder": torch.rand(4, 1, 28, 28)})
    >>> picture.mode, picture.height
    ('RGB', 114)
    """
    return labelled(
        {
            name: grid(images, columns=len(images), padding=padding, scale=scale)
            for name, images in named.items()
        },
        padding=padding,
    )


def labelled(named: Mapping[str, Image.Image], *, padding: int = 2) -> Image.Image:
    """Pictures of rows one under the other, each with its name to the left.

    The picture, and its PNG from `save`, note the box of each row. With them `strips` takes the rows apart
    again, so that a report can put rows of several runs under one another.

    Raises:
        InputError: there are no rows.
    """
    if not named:
        raise InputError("no rows to show; give at least one name with images")
    font = ImageFont.load_default(LABEL)
    margin = ceil(max(font.getlength(_short(name)) for name in named)) + LABEL
    width = margin + max(strip.width for strip in named.values())
    height = sum(strip.height + padding for strip in named.values()) - padding
    canvas = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(canvas)
    boxes: dict[str, tuple[int, int, int, int]] = {}
    top = 0
    for name, strip in named.items():
        draw.text((margin - LABEL / 2, top + strip.height / 2), _short(name), "#222222", font, anchor="rm")
        canvas.paste(strip, (margin, top))
        boxes[name] = (margin, top, margin + strip.width, top + strip.height)
        top += strip.height + padding
    canvas.info[ROWS] = json.dumps(boxes)
    canvas.info[TOP] = sha256(canvas.crop(next(iter(boxes.values()))).tobytes()).hexdigest()
    return canvas


def stacked(parts: Sequence[Image.Image], *, padding: int = 12) -> Image.Image:
    """Pictures one under the other, with `padding` white pixels between them.

    >>> stacked([Image.new("L", (50, 40)), Image.new("RGB", (60, 30))]).size
    (60, 82)

    Raises:
        InputError: there are no pictures.
    """
    if not parts:
        raise InputError("no pictures to show; give at least one")
    height = sum(part.height + padding for part in parts) - padding
    canvas = Image.new("RGB", (max(part.width for part in parts), height), "white")
    top = 0
    for part in parts:
        canvas.paste(part, (0, top))
        top += part.height + padding
    return canvas


def beside(parts: Sequence[Image.Image], *, padding: int = 12) -> Image.Image:
    """Pictures side by side, with `padding` white pixels between them.

    >>> beside([Image.new("L", (50, 40)), Image.new("RGB", (60, 30))]).size
    (122, 40)

    Raises:
        InputError: there are no pictures.
    """
    turned = [part.transpose(Image.Transpose.TRANSPOSE) for part in parts]
    return stacked(turned, padding=padding).transpose(Image.Transpose.TRANSPOSE)


def strips(picture: Image.Image) -> dict[str, Image.Image]:
    """The rows of a picture that `rows` or `labelled` made, without their labels; none for any other picture.

    >>> import torch
    >>> strips(rows({"original": torch.rand(4, 1, 28, 28)}))["original"].size
    (230, 56)
    """
    boxes = json.loads(picture.info.get(ROWS, "{}"))
    return {name: picture.crop(tuple(box)) for name, box in boxes.items()}


def top(picture: Image.Image) -> str:
    """Checksum of the first row of a picture of rows, as it was drawn."""
    first = next(iter(strips(picture).values()))
    return str(picture.info.get(TOP) or sha256(first.convert("RGB").tobytes()).hexdigest())


def tiled(named: Mapping[str, Image.Image], *, columns: int, padding: int = 8) -> Image.Image:
    """Pictures in rows of `columns`, each under its name; long names take several lines.

    >>> tiled({"a": Image.new("RGB", (50, 40)), "b": Image.new("L", (60, 30))}, columns=2).size
    (128, 62)

    Raises:
        InputError: there are no pictures.
    """
    if not named:
        raise InputError("no pictures to show; give at least one with its name")
    font = ImageFont.load_default(LABEL)
    columns = min(columns, len(named))
    width, height = (max(side) for side in zip(*(image.size for image in named.values()), strict=True))
    names = {name: _broken(name, font, width) for name in named}
    caption = max(text.count("\n") + 1 for text in names.values()) * (LABEL + 4) + 3
    lines = ceil(len(named) / columns)
    canvas = Image.new(
        "RGB",
        (columns * (width + padding) - padding, lines * (height + caption + padding) - padding),
        "white",
    )
    draw = ImageDraw.Draw(canvas)
    for i, (name, image) in enumerate(named.items()):
        left, top = (i % columns) * (width + padding), (i // columns) * (height + caption + padding)
        draw.text((left, top), names[name], "#222222", font)
        canvas.paste(image, (left, top + caption))
    return canvas


def _short(name: str) -> str:
    """A name as it is drawn: in one line, and not without end."""
    shown = printable(name)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 3]}..."


def _broken(name: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """A name in lines of at most `width` pixels, broken between words only."""
    lines: list[str] = []
    for word in _short(name).split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def _tiles(images: Tensor, scale: int | None) -> NDArray[np.uint8]:
    """Images as enlarged `uint8` `[n, H, W, C]`."""
    shape = tuple(images.shape)
    if len(shape) != 4 or not all(shape) or shape[1] not in (1, 3):
        raise InputError(f"images of shape {list(shape)} cannot be shown; give [n, C, H, W] with C 1 or 3")
    factor = scale or enlargement(*shape[2:])
    values = np.nan_to_num(np.asarray(images.detach().float().cpu(), dtype=np.float32), nan=0.0)
    pixels = np.rint(values.clip(0.0, 1.0) * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    return np.repeat(np.repeat(pixels, factor, axis=1), factor, axis=2)
