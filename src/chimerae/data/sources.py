"""Opened sources: named items that can be loaded one by one, or an array of points."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from chimerae.errors import InputError
from chimerae.files import size_of

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000")
"""Formats to read, if pillow was built with them: trying all that it knows takes longer than decoding."""

MOST_PIXELS: Final = 2**26
"""Pixels of an image, at most: a larger one takes too much memory."""
MOST_SAMPLES: Final = 2**25
"""Samples of a split, at most: their order is kept in memory."""
_TOO_MANY: Final = f"too large: more than {MOST_PIXELS // 10**6} million pixels; make the picture smaller"
_MOST_BYTES: Final = 2**29
"""Size of an image's file, at most: some decoders read all of it."""

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Item:
    """One image that has not been read yet. `load` may raise whatever a decoder raises on damaged bytes."""

    name: str
    load: Callable[[], Image.Image]
    label: int | None = None


@dataclass(frozen=True)
class Part:
    """One split of a source of images."""

    count: int
    read: Callable[[int | None], Iterator[Item]]
    """`read(None)` gives every item in order; `read(n)` about `n` of them, from all over, at little cost."""


@dataclass(frozen=True)
class ImageSource:
    """Images in one or two splits: `train` and, where the source has one, `test`."""

    identity: str
    """Fingerprint that changes when the contents do."""
    parts: Mapping[str, Part]
    classes: tuple[str, ...] = ()
    """Names of the labels 0, 1, ..., where the source gives them."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Unused contents of the source beside its images, with counts: other files, further splits."""
    hub: str | None = None
    """Id of the hub's data set; None if the images come from elsewhere."""
    revision: str | None = None
    """State of the hub's data set, where it is known."""


@dataclass(frozen=True)
class PointSource:
    """Points `[N, d]` in one or two splits, named as in `ImageSource`."""

    identity: str
    load: Callable[[], Mapping[str, Points]]
    counts: Mapping[str, int]
    dimension: int


def indexed(count: int, item: Callable[[int], Item]) -> Part:
    """A split of `count` items, each of which `item` makes from its index when it is read."""
    return Part(count, lambda limit: map(item, even_indices(count, limit)))


def joined(parts: Sequence[Part]) -> Part:
    """Several parts as one, in order; items are read on demand."""

    def read(limit: int | None) -> Iterator[Item]:
        for part in parts:
            yield from part.read(None if limit is None else max(1, limit // len(parts)))

    return parts[0] if len(parts) == 1 else Part(sum(part.count for part in parts), read)


def digest(parts: Iterable[object]) -> str:
    """Hexadecimal fingerprint of the text forms of `parts`, in order.

    >>> digest(["a", 1]) == digest(["a", 1]), digest(["a", 1]) == digest(["a", 2])
    (True, False)
    """
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        state.update(repr(part).encode() + b"\n")
    return state.hexdigest()


def file_identity(paths: Iterable[str | Path]) -> str:
    """Fingerprint of files by path, size and time of change; their contents are not read."""
    whole = cache(os.path.abspath)  # of folders: there are fewer of them

    def facts() -> Iterator[tuple[str, int, int]]:
        for path in paths:
            folder, name = os.path.split(path)
            place = os.path.join(whole(folder), name)
            try:
                status = os.stat(path)
            except OSError:  # a broken link, for example: found unreadable, and reported, when it is opened
                yield place, -1, 0
            else:
                yield place, status.st_size, status.st_mtime_ns

    return digest(facts())


def even_indices(count: int, limit: int | None) -> range:
    """Indices below `count`: all of them, or at most `limit` at even distances.

    >>> list(even_indices(4, None)), list(even_indices(10, 4))
    ([0, 1, 2, 3], [0, 3, 6, 9])
    """
    return range(0, count, 1 if limit is None else max(1, -(-count // limit)))


def in_utf8(name: str) -> str:
    r"""A name of a file with what is not UTF-8 in it as escapes, so that it can be written down.

    >>> in_utf8("a\udcff.png")
    'a\\udcff.png'
    """
    return name.encode("utf-8", "backslashreplace").decode()


def open_picture(file: str | Path | BytesIO) -> Image.Image:
    """The picture in a file, not decoded yet; raises what pillow raises.

    Raises:
        InputError: the file is a pipe or a device, or it or the picture is too large.
    """
    if not isinstance(file, BytesIO) and size_of(Path(file)) > _MOST_BYTES:
        raise InputError(f"too large: a file of more than {_MOST_BYTES >> 20} MB; make the picture smaller")
    try:
        image = Image.open(file, formats=_formats())
    except Image.DecompressionBombError:
        raise InputError(_TOO_MANY) from None
    if image.width * image.height > MOST_PIXELS:
        image.close()
        raise InputError(_TOO_MANY)
    return image


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)
