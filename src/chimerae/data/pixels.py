"""Converts picture files of any mode, size and orientation to uint8 arrays `[C, H, W]`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from threading import Condition
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from chimerae.data.settings import Crop, Fit
from chimerae.data.sources import MOST_PIXELS, Item
from chimerae.errors import InputError, first_line

Bytes = NDArray[np.uint8]

GREY_MODES: Final = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
_DEEP_MODES: Final = frozenset({"I", "I;16", "I;16L", "I;16B", "I;16N"})
_STRIP: Final = 2**22
"""Pixels that are converted at a time, where that takes several copies of them."""
_ORIENTATION: Final = 0x0112
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})

# glibc gives blocks of 32 MB and more back to the system as soon as they are free; smaller ones, such as
# Pillow's 16 MB, stay with the thread that asked for them: 200 MB of three pictures of 8000x8000
Image.core.set_block_size(2**26)  # type: ignore[attr-defined]


class Unreadable(Exception):
    """An item cannot be read; the message gives the reason."""


@dataclass(frozen=True)
class Header:
    """Facts of a picture that need no decoding: height, width (upright) and mode."""

    height: int
    width: int
    mode: str

    @property
    def grey(self) -> bool:
        """True when the mode has no colour."""
        return self.mode in GREY_MODES


def header(item: Item) -> Header:
    """Size and mode of an item, decoding no pixels.

    Raises:
        Unreadable: it is not a picture.
    """
    try:
        with item.load() as image:
            width, height = image.size
            # Pillow would decode a PNG without this entry in whole, to look for one behind the pixels.
            told = image.format != "PNG" or "exif" in image.info
            if told and image.getexif().get(_ORIENTATION) in _SIDEWAYS:
                width, height = height, width
            return Header(height, width, image.mode)
    except Exception as error:  # a decoder may raise anything on damaged bytes
        raise Unreadable(_why(error)) from error


class Room(Protocol):
    """Pixels that may be in work at a time: what bounds the memory."""

    def taken(self, pixels: int) -> AbstractContextManager[None]:
        """Wait until there is room for `pixels`, and keep it while the block runs."""
        ...


class _Room:
    """The room of all threads of this process together."""

    def __init__(self, pixels: int) -> None:
        self._most = self._left = pixels
        self._changed = Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Wait until there is room for `pixels`, and keep it while the block runs."""
        wanted = min(pixels, self._most)
        with self._changed:
            self._changed.wait_for(lambda: self._left >= wanted)
            self._left -= wanted
        try:
            yield
        finally:
            with self._changed:
                self._left += wanted
                self._changed.notify_all()


_ROOMS: Final[list[Room]] = [_Room(MOST_PIXELS)]


def share(room: Room) -> None:
    """Take room with other processes from now on."""
    _ROOMS[:] = [room]


@contextmanager
def decoded(item: Item, *, at_least: int | None = None) -> Iterator[Image.Image]:
    """The whole picture, upright; a JPEG may come halved, as long as its sides keep `at_least` pixels.

    There is room for it, and for copies of it, while the block runs.

    Raises:
        Unreadable: it is not a picture, or damaged.
    """
    with ExitStack() as kept:
        try:
            image = kept.enter_context(item.load())
            if at_least is not None:
                image.draft(None, (at_least, at_least))
            kept.enter_context(_ROOMS[0].taken(image.width * image.height))
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
        except Exception as error:  # a decoder may raise anything on damaged bytes
            raise Unreadable(_why(error)) from error
        try:
            yield image
        finally:
            image.close()  # before the next one takes its room


def _why(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not a picture"
    return first_line(error)


def flatten(image: Image.Image, channels: int) -> Image.Image:
    """The picture as 8-bit grey (`channels` 1) or RGB (3), 16-bit scaled down, transparent parts on white.

    Raises:
        Unreadable: its values have no fixed range (32-bit), or the mode has no conversion.
    """
    mode = "L" if channels == 1 else "RGB"
    try:
        if image.mode in _DEEP_MODES or image.mode == "F":
            image = _shallow(image)
        if image.has_transparency_data:
            return _on_white(image, mode)
        if image.mode == "P":
            image = image.convert("RGB")
        return image if image.mode == mode else image.convert(mode)
    except ValueError as error:
        raise Unreadable(f"mode {image.mode}: {error}") from error


def _on_white(image: Image.Image, mode: str) -> Image.Image:
    """The picture in `mode`, what is transparent on white: a strip at a time, for large ones."""
    made = Image.new(mode, image.size)
    rows = max(1, _STRIP // image.width)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height))).convert("RGBA")
        ground = Image.new("RGBA", strip.size, (255, 255, 255, 255))
        made.paste(Image.alpha_composite(ground, strip).convert(mode), (0, top))
    return made


def _shallow(image: Image.Image) -> Image.Image:
    """8-bit grey from 16-bit integers, or from floats in [0, 1]."""
    values = np.asarray(image)
    top = 1.0 if image.mode == "F" else 65535.0
    if not (values.min() >= 0 and values.max() <= top):
        raise Unreadable(
            f"mode {image.mode} with values {values.min():g} to {values.max():g}, not 0 to {top:g}"
        )
    made = np.empty(values.shape, np.uint8)
    rows = max(1, _STRIP // values.shape[1])
    for start in range(0, len(values), rows):
        made[start : start + rows] = np.rint(values[start : start + rows] * (255.0 / top))
    return Image.fromarray(made)


def fitted(image: Image.Image, height: int, width: int, fit: Fit) -> Image.Image:
    """The picture at `height` x `width`; one that has this size already is left unchanged.

    >>> fitted(Image.new("L", (28, 28), 255), 32, 32, "pad").getbbox()
    (2, 2, 30, 30)
    """
    if image.size == (width, height):
        return image
    if fit == "pad":
        return _padded(image, height, width)
    if fit == "crop":
        image = image.crop(_central_box(image, height, width))
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _central_box(image: Image.Image, height: int, width: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the largest central box of aspect ratio `width : height`, in pixels."""
    scale = min(image.width / width, image.height / height)
    wide, high = max(1, round(scale * width)), max(1, round(scale * height))
    left, top = (image.width - wide) // 2, (image.height - high) // 2
    return left, top, left + wide, top + high


def _padded(image: Image.Image, height: int, width: int) -> Image.Image:
    scale = min(width / image.width, height / image.height, 1.0)
    if scale < 1.0:
        smaller = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(smaller, Image.Resampling.LANCZOS)
    ground = Image.new(image.mode, (width, height))
    ground.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return ground


def to_array(image: Image.Image) -> Bytes:
    """Values `[C, H, W]`, uint8, of a picture in mode L or RGB."""
    values = np.asarray(image, dtype=np.uint8)
    return values[None] if values.ndim == 2 else np.ascontiguousarray(values.transpose(2, 0, 1))


Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""


def crop_box(crop: Crop | None, height: int, width: int, name: str) -> Box:
    """The part that `crop` takes of an image of `height` x `width` pixels; None takes all of it.

    A share keeps `n - 2 * int((n - n * share) / 2)` pixels of a side of n, as TensorFlow's `central_crop`.

    Args:
        crop: as in the settings.
        height: of the image.
        width: of the image.
        name: of the image or its source, for the error.

    Raises:
        InputError: the crop is larger than the image.

    >>> crop_box(0.7, 218, 178, "a face"), crop_box(0.6, 218, 178, "a face")
    ((26, 32, 126, 154), (35, 43, 108, 132))
    >>> crop_box(140, 218, 178, "a face"), crop_box((15, 40, 148, 148), 218, 178, "a face")
    ((19, 39, 140, 140), (15, 40, 148, 148))
    """
    if crop is None:
        return 0, 0, width, height
    if isinstance(crop, float):
        left, top = (int((side - side * crop) / 2) for side in (width, height))
        return left, top, width - 2 * left, height - 2 * top
    box = crop if isinstance(crop, tuple) else ((width - crop) // 2, (height - crop) // 2, crop, crop)
    left, top, wide, high = box
    if min(left, top) < 0 or left + wide > width or top + high > height:
        raise InputError(
            f"'{name}': {height}x{width} pixels are too few for --prepare.crop {_in_words(crop)}; "
            f"choose a smaller one, or a share of the sides such as 0.7"
        )
    return box


def cropped_size(crop: Crop | None, size: tuple[int, int], name: str) -> tuple[int, int]:
    """Height and width after `crop` of an image of `size`, height and width.

    Raises:
        InputError: the crop is larger than the image.
    """
    _, _, wide, high = crop_box(crop, *size, name)
    return high, wide


def _in_words(crop: Crop) -> str:
    return " ".join(map(str, crop)) if isinstance(crop, tuple) else str(crop)
