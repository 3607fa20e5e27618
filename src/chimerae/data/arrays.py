"""Arrays as sources of images, of any common layout and range, or of points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from chimerae.data.npy_header import Array
from chimerae.data.rescale import BLOCK_VALUES, Rescale, rescale_of
from chimerae.data.sources import MOST_PIXELS, ImageSource, Item, Part, Points, PointSource, even_indices
from chimerae.errors import InputError

CHANNELS: Final = (1, 3, 4)
_BLOCK: Final = 256
"""Images that are read at a time, at most."""
_BLOCK_BYTES: Final = 2**24
"""Bytes that are read at a time, at most, but for an image that has more."""
_MOST_POINTS: Final = 3 * 2**26
"""Coordinates of all points together, at most: they are kept in memory as float32."""
_MOST_VALUES: Final = MOST_PIXELS // 2
"""Numbers of one image, at most."""
_MOST_DIMENSIONS: Final = 2**16


@dataclass(frozen=True)
class Stored:
    """An array, known by its header: in a file, or in memory."""

    where: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    load: Callable[[], Array]


def from_stored(
    identity: str, splits: Mapping[str, Stored], labels: Mapping[str, Stored | None]
) -> ImageSource | PointSource:
    """The images or points of one array per split, with the labels `[N]` of those that have any.

    Raises:
        InputError: an array holds neither images nor points.
    """
    for stored in splits.values():
        _check(stored)
    if all(len(stored.shape) == 2 for stored in splits.values()):
        return _points(identity, splits)
    rescale = cache(lambda: rescale_of({stored.where: stored.load() for stored in splits.values()}))
    parts = {
        split: Part(stored.shape[0], _reader(stored, rescale, labels.get(split)))
        for split, stored in splits.items()
    }
    return ImageSource(identity, parts)


def _check(stored: Stored) -> None:
    """Raise `InputError` unless shape and type are those of images or points."""
    shape, kind = list(stored.shape), stored.dtype.kind
    if kind not in "buif":
        raise InputError(
            f"{stored.where} has dtype {stored.dtype}; wanted: uint8, or float for images or points"
        )
    if 0 in shape:
        raise InputError(f"{stored.where} is empty: its shape is {shape}")
    if len(shape) == 2 and kind != "f":
        raise InputError(
            f"{stored.where} is {shape} of {stored.dtype}: points [N, d] must be float, "
            f"images [N, H, W] or [N, H, W, C]"
        )
    if len(shape) not in (2, 3, 4) or (len(shape) == 4 and channel_axis(stored.shape) is None):
        raise InputError(
            f"{stored.where} has shape {shape}; wanted: points [N, d], or images [N, H, W], [N, H, W, C] "
            f"or [N, C, H, W] with 1, 3 or 4 channels"
        )
    if len(shape) > 2 and prod(shape[1:]) > _MOST_VALUES:
        raise InputError(f"{stored.where} has shape {shape}: its images are too large; make them smaller")
    if len(shape) == 2 and (shape[1] > _MOST_DIMENSIONS or prod(shape) > _MOST_POINTS):
        raise InputError(f"{stored.where} has shape {shape}: too many numbers; give fewer or shorter points")


def channel_axis(shape: tuple[int, ...]) -> int | None:
    """Axis of the channels of `[N, ., ., .]`: the last if possible, else the second, else None."""
    return next((axis for axis in (3, 1) if shape[axis] in CHANNELS), None)


def _points(identity: str, splits: Mapping[str, Stored]) -> PointSource:
    dimensions = {stored.shape[1] for stored in splits.values()}
    if len(dimensions) > 1:
        raise InputError(f"train and test points differ in dimension: {sorted(dimensions)}")

    def load() -> dict[str, Points]:
        return {split: _finite(stored) for split, stored in splits.items()}

    return PointSource(
        identity, load, {split: stored.shape[0] for split, stored in splits.items()}, dimensions.pop()
    )


def _finite(stored: Stored) -> Points:
    points = stored.load().astype(np.float32)
    n_bad, first, same = 0, 0, True
    rows = max(1, BLOCK_VALUES // points.shape[1])
    for start in range(0, len(points), rows):
        block = points[start : start + rows]
        bad = np.flatnonzero(~np.isfinite(block).all(1))
        if len(bad) and not n_bad:
            first = start + int(bad[0])
        n_bad += len(bad)
        same = same and bool((block == points[0]).all())
    if n_bad:
        raise InputError(f"{stored.where} holds NaN or infinite values in {n_bad} rows, first in row {first}")
    if len(points) > 1 and same:
        raise InputError(
            f"{stored.where}: all {len(points)} points are the same: there is nothing to learn from them"
        )
    return points


def _reader(
    stored: Stored, rescale: Callable[[], Rescale], labels: Stored | None
) -> Callable[[int | None], Iterator[Item]]:
    def read(limit: int | None) -> Iterator[Item]:
        array, to_bytes = stored.load(), rescale()
        classes = None if labels is None else labels.load().reshape(-1)
        rows = even_indices(len(array), limit)
        block = max(1, min(_BLOCK, _BLOCK_BYTES // array[0].nbytes))
        for start in range(0, len(rows), block):
            chosen = rows[start : start + block]
            images = to_bytes(array[chosen.start : chosen.stop : chosen.step])
            for i, image in zip(chosen, images, strict=True):
                label = None if classes is None else int(classes[i])
                yield Item(f"image {i}", partial(array_picture, image), label)

    return read


def array_picture(values: NDArray[np.uint8]) -> Image.Image:
    """A picture from `[H, W]`, `[H, W, C]` or `[C, H, W]`."""
    if values.ndim == 3 and channel_axis((0, *values.shape)) == 1:
        values = values.transpose(1, 2, 0)
    return Image.fromarray(np.ascontiguousarray(values[..., 0] if values.shape[2:] == (1,) else values))
