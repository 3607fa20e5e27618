"""The transform of images on their way into prepared arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from PIL.Image import Image

from chimerae.data.manifest import Unread
from chimerae.data.pixels import GREY_MODES, Bytes, Unreadable, crop_box, decoded, fitted, flatten, to_array
from chimerae.data.settings import Crop, Fit
from chimerae.data.sources import Item
from chimerae.errors import InputError

_CHUNK: Final = 128
"""Items in work at a time, at most."""
_CHUNK_BYTES: Final = 2**27
"""Bytes that they make, at most, which bounds the memory."""
_DRAFT: Final = 3
"""A JPEG is decoded at no less than this multiple of its final size, which saves most of the time."""


class ColourFound(Exception):
    """An image has colour where the first look promised grey ones only."""


@dataclass(frozen=True)
class ImageTransform:
    """The transform that every image passes."""

    height: int
    width: int
    fit: Fit
    channels: int
    native: bool
    """True: no size was set, so every image must have this one."""
    guessed: bool
    """True: grey was guessed, so the first image with colour raises `ColourFound`."""
    crop: Crop | None = None
    """The part that is cut out first."""

    def __call__(self, item: Item) -> Bytes | Unread:
        """The image as `[C, H, W]`, or the reason that it cannot be read.

        Raises:
            InputError: it differs in size from the others, and no size was set; or the crop is larger than
                it.
        """
        whole = self.native or self.crop is not None
        try:
            with decoded(item, at_least=None if whole else _DRAFT * max(self.height, self.width)) as image:
                return self._made(self._cut(image, item.name), item.name)
        except Unreadable as error:
            return Unread(name=item.name, why=str(error))

    def _made(self, image: Image, name: str) -> Bytes:
        if self.native and image.size != (self.width, self.height):
            raise InputError(
                f"images differ in size: '{name}' is {image.height}x{image.width}, "
                f"others {self.height}x{self.width}; choose one for all, such as "
                f"--prepare.size {common_side(min(image.size))}"
            )
        if self.guessed and image.mode not in GREY_MODES:
            raise ColourFound(name)
        return to_array(fitted(flatten(image, self.channels), self.height, self.width, self.fit))

    def _cut(self, image: Image, name: str) -> Image:
        if self.crop is None:
            return image
        left, top, wide, high = crop_box(self.crop, image.height, image.width, name)
        return image.crop((left, top, left + wide, top + high))


def common_side(pixels: int) -> int:
    """The largest power of two up to `pixels`, from 16 to 256: a size that networks take.

    >>> common_side(427), common_side(70), common_side(3)
    (256, 64, 16)
    """
    return max(16, min(256, 1 << (max(pixels, 1).bit_length() - 1)))


def chunks(items: Iterable[Item], transform: ImageTransform, most: int | None = None) -> Iterator[list[Item]]:
    """The items, as many at a time as there is memory for what `transform` makes of them, at most `most`."""
    each = transform.channels * transform.height * transform.width
    n = max(1, min(most or _CHUNK, _CHUNK_BYTES // each))
    walk = iter(items)
    while chunk := list(islice(walk, n)):
        yield chunk
