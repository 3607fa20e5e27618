"""Animations: WebP, GIF and MP4 files of frames."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image

from chimerae.errors import InputError

FRAME_MS: Final = 500
LAST_MS: Final = 2_000
"""Duration of a frame, and of the last one, in milliseconds."""
WALK_MS: Final = 60
"""Duration of a frame of a walk, in milliseconds."""


def film(frames: Sequence[Image.Image], quality: int = 80) -> bytes:
    """An animated WebP that shows `frames` in an endless loop; smaller ones are placed at the top left.

    `quality` is WebP's, from 0 (few bytes) to 100.

    Raises:
        InputError: there are fewer than two.
    """
    frames = _moving(frames)
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


def gif(frames: Sequence[Image.Image], frame_ms: int = WALK_MS) -> bytes:
    """An animated GIF of frames of one size, in an endless loop; each has 256 colours of its own.

    `frame_ms` is the duration of a frame in milliseconds.

    Raises:
        InputError: there are fewer than two.
    """
    first, *others = [frame.convert("RGB").quantize(256) for frame in _moving(frames)]
    buffer = BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=frame_ms, loop=0, disposal=2)
    return buffer.getvalue()


def has_ffmpeg() -> bool:
    """True when the program `ffmpeg`, which `mp4` needs, is installed."""
    return shutil.which("ffmpeg") is not None


def mp4(frames: Sequence[Image.Image], frame_ms: int = WALK_MS) -> bytes:
    """An MP4 (H.264) of frames of one size, made by `ffmpeg`; odd sides get a line of white.

    `frame_ms` is the duration of a frame in milliseconds.

    Raises:
        InputError: there are fewer than two, or ffmpeg is missing or fails.
    """
    shown = [_even(frame) for frame in _moving(frames)]
    if not has_ffmpeg():
        raise InputError("an .mp4 needs ffmpeg, which is not installed: choose a .gif, or install ffmpeg")
    width, height = shown[0].size
    given = f"-f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {1000 / frame_ms:g} -i pipe:0"
    wanted = "-an -c:v libx264 -crf 16 -pix_fmt yuv420p -movflags +faststart"
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "film.mp4"
        command = ["ffmpeg", "-v", "error", "-y", *given.split(), *wanted.split(), str(out)]
        pixels = b"".join(frame.tobytes() for frame in shown)
        done = subprocess.run(command, input=pixels, capture_output=True, check=False)
        if done.returncode or not out.is_file():
            why = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise InputError(f"ffmpeg cannot write an .mp4 ({why[-1]}): choose a .gif")
        return out.read_bytes()


def _moving(frames: Sequence[Image.Image]) -> Sequence[Image.Image]:
    if len(frames) < 2:
        raise InputError(f"{len(frames)} frame does not move; give two or more")
    return frames


def _even(frame: Image.Image) -> Image.Image:
    """The frame in RGB with even sides, as H.264 requires."""
    canvas = Image.new("RGB", (frame.width + frame.width % 2, frame.height + frame.height % 2), "white")
    canvas.paste(frame.convert("RGB"), (0, 0))
    return canvas
