"""Pictures that move: how something changed, one frame after another."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Final

from PIL import Image

from chimerae.errors import InputError

FRAME_MS: Final = 500
LAST_MS: Final = 2_000
"""How long a frame stands, and the last one."""


def film(frames: Sequence[Image.Image], quality: int = 80) -> bytes:
    """An animated WebP that shows `frames` in turn, again and again; smaller ones lie at the top left.

    `quality` is WebP's, from 0 (few bytes) to 100.

    Raises:
        InputError: there are fewer than two.
    """
    if len(frames) < 2:
        raise InputError(f"{len(frames)} frame does not move; give two or more")
    size = max(frame.width for frame in frames), max(frame.height for frame in frames)
    shown = [Image.new("RGB", size, "white") for _ in frames]
    for canvas, frame in zip(shown, frames, strict=True):
        canvas.paste(frame.convert("RGB"), (0, 0))
    buffer = BytesIO()
    durations = [FRAME_MS] * (len(shown) - 1) + [LAST_MS]
    first, *others = shown
    first.save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=durations,
        loop=0,
        quality=quality,
        method=4,
    )
    return buffer.getvalue()
