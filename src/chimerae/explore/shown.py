"""Images as small pictures inside JSON, and as files at full size."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

from PIL import Image
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from chimerae import pictures

PREVIEW: Final = 512
"""Longer side, in pixels, of the picture of a code on the page."""
TILE: Final = 64
"""The same for a picture on the map."""
LOSSLESS: Final = 128
"""Longer side up to which pictures are PNGs."""
FILM: Final = 512
"""Longer side of a film, in pixels."""


def whole(image: Tensor) -> Image.Image:
    """An image `[C, H, W]` in [0, 1], pixel by pixel."""
    return pictures.grid(image[None], padding=0, scale=1)


def preview(image: Tensor, longest: int = PREVIEW) -> dict[str, Any]:
    """An image `[C, H, W]` in [0, 1] as a `data:` address of at most `longest` pixels, and its own size."""
    picture = whole(image)
    size = picture.size
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return {"src": address(picture), "width": size[0], "height": size[1]}


def address(picture: Image.Image) -> str:
    """A picture as a `data:` address: a PNG, or a WebP where it is large."""
    buffer = BytesIO()
    small = max(picture.size) <= LOSSLESS
    if small:
        picture.save(buffer, "PNG")
    else:
        picture.convert("RGB").save(buffer, "WEBP", quality=90, method=2)
    form = "png" if small else "webp"
    return f"data:image/{form};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def sheet(images: Tensor, columns: int) -> Image.Image:
    """Images `[n, C, H, W]` side by side without gaps, none larger than `TILE`."""
    height, width = images.shape[2:]
    factor = max(height, width) / TILE
    if factor > 1:
        images = adaptive_avg_pool2d(images, (max(1, round(height / factor)), max(1, round(width / factor))))
    return pictures.grid(images, columns=columns, padding=0)


def film(frames: Sequence[Tensor]) -> bytes:
    """A GIF that shows images `[C, H, W]` one after the other, there and back; small ones are enlarged."""
    height, width = frames[0].shape[1:]
    scale = max(1, FILM // 2 // max(height, width))
    there = [pictures.grid(frame[None], padding=0, scale=scale) for frame in frames]
    for picture in there:
        picture.thumbnail((FILM, FILM), Image.Resampling.LANCZOS)
    return pictures.gif([*there, *there[-2:0:-1]])
