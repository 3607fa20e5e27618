"""Items of a source -> rows of an array, several at a time, in bounded memory."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from chimerae.data.crop import crop_box
from chimerae.data.manifest import Unread
from chimerae.data.pixels import GREY_MODES, Bytes, Unreadable, decode, fitted, flatten, to_array
from chimerae.data.settings import Crop, Fit
from chimerae.data.sources import Item, Part
from chimerae.data.store import RowWriter
from chimerae.errors import InputError
from chimerae.progress import Progress

_CHUNK: Final = 128
"""Items in work at a time: what bounds the memory."""
_DRAFT: Final = 3
"""A JPEG is decoded at no less than this multiple of its final size, which saves most of the time."""


class ColourFound(Exception):
    """An image has colour where the first look promised grey ones only."""


@dataclass(frozen=True)
class Recipe:
    """What is done to every image."""

    height: int
    width: int
    fit: Fit
    channels: int
    native: bool
    """No size was asked for: every image must have this one."""
    guessed: bool
    """Grey was not asked for: the first image with colour raises `ColourFound`."""
    crop: Crop | None = None
    """What is cut out before anything else."""

    def __call__(self, item: Item) -> Bytes | Unread:
        """The image as `[C, H, W]`, or why it cannot be read.

        Raises:
            InputError: its size is not the common one, and none was asked for; or the crop is larger.
        """
        whole = self.native or self.crop is not None
        try:
            image = decode(item, at_least=None if whole else _DRAFT * max(self.height, self.width))
            image = self._cut(image, item.name)
            if self.native and image.size != (self.width, self.height):
                raise InputError(
                    f"images differ in size: '{item.name}' is {image.height}x{image.width}, "
                    f"others {self.height}x{self.width}; choose one for all, such as "
                    f"--prepare.size {common_side(min(image.size))}"
                )
            if self.guessed and image.mode not in GREY_MODES:
                raise ColourFound(item.name)
            return to_array(fitted(flatten(image, self.channels), self.height, self.width, self.fit))
        except Unreadable as error:
            return Unread(name=item.name, why=str(error))

    def _cut(self, image: Image, name: str) -> Image:
        if self.crop is None:
            return image
        left, top, wide, high = crop_box(self.crop, image.height, image.width, name)
        return image.crop((left, top, left + wide, top + high))


def common_side(pixels: int) -> int:
    """The power of two nearest below `pixels`, from 16 to 256: a size that networks take.

    >>> common_side(427), common_side(70), common_side(3)
    (256, 64, 16)
    """
    return max(16, min(256, 1 << (max(pixels, 1).bit_length() - 1)))


@dataclass
class Tally:
    """What a pass over a part found out."""

    labels: list[int] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    n_constant: int = 0
    low: NDArray[np.uint8] | None = None
    """Smallest value of every channel over all images, `[C]`."""
    high: NDArray[np.uint8] | None = None

    def add(self, rows: Bytes) -> None:
        """Count images `[n, C, H, W]`."""
        low, high = rows.min((2, 3)), rows.max((2, 3))
        self.n_constant += int((low == high).all(1).sum())
        self.low = low.min(0) if self.low is None else np.minimum(self.low, low.min(0))
        self.high = high.max(0) if self.high is None else np.maximum(self.high, high.max(0))

    @property
    def single_colour(self) -> bool:
        """True when all images are the same single colour."""
        return self.low is not None and self.high is not None and bool((self.low == self.high).all())


def convert(part: Part, recipe: Recipe, writer: RowWriter, report: Callable[[int], None]) -> Tally:
    """Write every readable image of `part`, in order; `report` hears how many items are done."""
    tally = Tally()
    done = 0
    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        warnings.simplefilter(
            "ignore"
        )  # pillow warns of large images and odd metadata, which is no news here
        for chunk in _chunks(part.read(None)):
            rows: list[Bytes] = []
            for item, found in zip(chunk, pool.map(recipe, chunk), strict=True):
                if isinstance(found, Unread):
                    tally.unread.append(found)
                else:
                    rows.append(found)
                    tally.labels.append(-1 if item.label is None else item.label)
            if rows:
                stacked = np.stack(rows)
                tally.add(stacked)
                writer.add(stacked)
            done += len(chunk)
            report(done)
    return tally


def counter(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    """Report on one part out of several: `before` items came earlier."""
    return lambda done: progress(before + done, total, "images")


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    walk = iter(items)
    while chunk := list(islice(walk, _CHUNK)):
        yield chunk
