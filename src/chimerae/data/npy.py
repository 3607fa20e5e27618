"""Arrays in `.npy` and `.npz` files: images of any common layout and range, or points."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from math import prod
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from chimerae.data.npy_header import Array, Head, read_head
from chimerae.data.sources import (
    MOST_PIXELS,
    ImageSource,
    Item,
    Part,
    Points,
    PointSource,
    even_indices,
    file_identity,
)
from chimerae.errors import InputError, first_line
from chimerae.files import regular

TRAIN_NAMES: Final = ("x_train", "train", "train_images", "images", "x", "data")
TEST_NAMES: Final = ("x_test", "test", "test_images", "x_val", "val", "validation")
LABEL_NAMES: Final = {
    "train": ("y_train", "train_labels", "labels", "label", "y"),
    "test": ("y_test", "test_labels", "y_val", "val_labels"),
}
CHANNELS: Final = (1, 3, 4)
_BLOCK: Final = 256
"""Images that are read at a time, at most."""
_BLOCK_BYTES: Final = 2**24
"""Bytes that are read at a time, at most, but for an image that has more."""
_MOST_LOADED: Final = 3 * 2**28
"""Bytes of an `.npz` that may be in memory."""
_MOST_POINTS: Final = 3 * 2**26
"""Coordinates of all points together, at most: they are kept in memory as float32."""
_MOST_VALUES: Final = MOST_PIXELS // 2
"""Numbers of one image, at most."""
_MOST_DIMENSIONS: Final = 2**16
_MOST_DIRECTORY: Final = 2**20
"""Bytes of the list of files in an `.npz`, at most."""
_MOST_MEMBERS: Final = 1000
"""Arrays in an `.npz`, at most."""
_BAD_ZIP: Final = (
    *(OSError, ValueError, EOFError, LookupError, RuntimeError, NotImplementedError),
    *(zlib.error, zipfile.BadZipFile),
)
"""Errors of `zipfile` on damaged archives."""
_BLOCK_VALUES: Final = 2**24
"""Values that are examined at a time."""


@dataclass(frozen=True)
class Rescale:
    """Values `v` become the bytes `round((v - low) * factor)`.

    >>> Rescale(-1.0, 127.5)(np.array([-1.0, 0.0, 1.0]))
    array([  0, 128, 255], dtype=uint8)
    """

    low: float
    factor: float

    def __call__(self, values: Array) -> NDArray[np.uint8]:
        """Bytes of the shape of `values`."""
        if values.dtype == np.uint8 and self == AS_IS:
            return np.asarray(values, dtype=np.uint8)
        return np.rint((values.astype(np.float64) - self.low) * self.factor).astype(np.uint8)


AS_IS: Final = Rescale(0.0, 1.0)
UNIT: Final = Rescale(0.0, 255.0)
SIGNED: Final = Rescale(-1.0, 127.5)
SIXTEEN_BITS: Final = Rescale(0.0, 1 / 257)


@dataclass(frozen=True)
class Extent:
    """Smallest and largest value of arrays, and whether all values are whole numbers."""

    low: float
    high: float
    whole: bool


def rescale_of(arrays: Mapping[str, Array]) -> Rescale:
    """The map from values to bytes, by type and range of all `arrays` (by name) together.

    Bytes stay; booleans and floats in [0, 1] are stretched by 255, floats in [-1, 1] by 127.5 after adding 1;
    whole numbers in 0..255 stay; unsigned 16-bit integers beyond that are divided by 257.

    Raises:
        InputError: NaN or infinite values, or a range that is none of these.

    >>> rescale_of({"x": np.array([0.0, 0.5])}) == UNIT, rescale_of({"x": np.array([0.0, 255.0])}) == AS_IS
    (True, True)
    """
    types = {array.dtype for array in arrays.values()}
    if types == {np.dtype(np.uint8)}:
        return AS_IS
    if types == {np.dtype(np.bool_)}:
        return UNIT
    found = [_extent(array, name) for name, array in arrays.items()]
    low, high = min(extent.low for extent in found), max(extent.high for extent in found)
    if any(kind.kind == "f" for kind in types) and low >= -1.0 and high <= 1.0:
        return SIGNED if low < 0 else UNIT
    if low >= 0 and high <= 255 and all(extent.whole for extent in found):
        return AS_IS
    if types == {np.dtype(np.uint16)}:
        return SIXTEEN_BITS
    raise InputError(
        f"{next(iter(arrays))} has {'/'.join(sorted(map(str, types)))} values from {low:g} to {high:g}; "
        f"wanted: uint8, floats in [0, 1] or [-1, 1], or whole numbers in 0..255"
    )


def _extent(array: Array, name: str) -> Extent:
    per_row = max(1, array[0].size)
    rows = max(1, _BLOCK_VALUES // per_row)
    low, high, whole = np.inf, -np.inf, True
    for start in range(0, len(array), rows):
        block = array[start : start + rows]
        if block.dtype.kind == "f":
            bad = np.flatnonzero(~np.isfinite(block).reshape(len(block), -1).all(1))
            if len(bad):
                raise InputError(f"{name} holds NaN or infinite values, first in image {start + bad[0]}")
            whole = whole and bool((block == np.rint(block)).all())
        low, high = min(low, float(block.min())), max(high, float(block.max()))
    return Extent(low, high, whole)


@dataclass(frozen=True)
class Stored:
    """An array, known by its header: in a file, or in memory."""

    where: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    load: Callable[[], Array]


def open_arrays(path: Path) -> ImageSource | PointSource:
    """The images or points of a `.npy` or `.npz` file; only headers are read.

    Raises:
        InputError: the file is damaged, or holds neither images nor points.
    """
    try:
        members = _members(regular(path))
    except InputError:
        raise
    except _BAD_ZIP as error:
        raise InputError(f"'{path}' cannot be read as {path.suffix[1:]}: {first_line(error)}") from error
    splits = _splits(path, members)
    labels = {split: _labels(split, stored, members) for split, stored in splits.items()}
    if path.suffix.lower() == ".npz":
        _check_memory(path, [stored for stored in (*splits.values(), *labels.values()) if stored is not None])
    return from_stored(file_identity([path]), splits, labels)


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


def _members(path: Path) -> dict[str, Stored]:
    if path.suffix.lower() == ".npy":
        with path.open("rb") as file:
            head = read_head(file, path.stat().st_size)
        return {"": Stored(f"'{path}'", head.shape, head.dtype, cache(partial(_mapped, path, head)))}
    found = {}
    if (listed := _directory_bytes(path)) > _MOST_DIRECTORY:
        raise ValueError(f"its list of files has {listed:,} bytes, as that of a few arrays has not")
    with zipfile.ZipFile(path) as archive:
        if len(archive.infolist()) > _MOST_MEMBERS:
            raise ValueError(f"it holds {len(archive.infolist()):,} files, not a few arrays")
        for info in archive.infolist():
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"'{info.filename}' is compressed as numpy compresses nothing")
            with archive.open(info) as file:
                head = read_head(file, info.file_size)
            key = info.filename.removesuffix(".npy")
            load = cache(partial(_load_member, path, info, head))
            found[key] = Stored(f"'{key}' in '{path}'", head.shape, head.dtype, load)
    return found


def _directory_bytes(path: Path) -> int:
    """Size of an archive's list of files as its end tells it, in either form; 0 where there is no end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2**16 - 100))
        tail = file.read()
    end, long_end = tail.rfind(b"PK\5\6"), tail.rfind(b"PK\6\6")
    short = int.from_bytes(tail[end + 12 : end + 16], "little") if end >= 0 else 0
    long = int.from_bytes(tail[long_end + 40 : long_end + 48], "little") if long_end >= 0 else 0
    return max(short, long)


def _mapped(path: Path, head: Head) -> Array:
    """A memory map of the array in a file of its own."""
    try:
        return np.memmap(path, head.dtype, "r", head.start, head.shape, order="F" if head.fortran else "C")
    except (OSError, ValueError) as error:
        raise InputError(f"'{path}' has changed since it was opened: {first_line(error)}") from error


def _load_member(path: Path, info: zipfile.ZipInfo, head: Head) -> Array:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(info) as file:
            file.read(head.start)
            values = np.frombuffer(file.read(head.n_bytes), head.dtype)
            file.read(1)  # the end, where the checksum is compared
            return head.array(values)
    except _BAD_ZIP as error:
        raise InputError(f"'{info.filename}' in '{path}' is damaged: {first_line(error)}") from error


def _check_memory(path: Path, used: Sequence[Stored]) -> None:
    n_bytes = sum(prod(stored.shape) * stored.dtype.itemsize for stored in used)
    if n_bytes > _MOST_LOADED:
        raise InputError(
            f"'{path}' holds {n_bytes / 2**30:.1f} GB, and at most {_MOST_LOADED >> 20} MB of an .npz are "
            "loaded into memory; save the images as .npy, which is read piece by piece"
        )


def _splits(path: Path, members: Mapping[str, Stored]) -> dict[str, Stored]:
    by_name = {name.lower(): stored for name, stored in members.items()}
    samples = [stored for stored in members.values() if len(stored.shape) >= 2]
    train = next((by_name[name] for name in TRAIN_NAMES if name in by_name), None)
    test = next((by_name[name] for name in TEST_NAMES if name in by_name), None)
    if len(members) == 1 or (train is None and len(samples) == 1):
        return {"train": samples[0] if samples else next(iter(members.values()))}
    if train is None:
        listed = (
            ", ".join(f"{name} {list(stored.shape)}" for name, stored in members.items())[:300] or "nothing"
        )
        raise InputError(
            f"'{path}' must hold one array, or some called x_train and x_test, or images; it holds {listed}"
        )
    return {"train": train} if test is None else {"train": train, "test": test}


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
    rows = max(1, _BLOCK_VALUES // points.shape[1])
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


def _labels(split: str, stored: Stored, members: Mapping[str, Stored]) -> Stored | None:
    """The array of integers beside the samples of `split`, one for each."""
    by_name = {name.lower(): found for name, found in members.items()}
    named = (by_name[name] for name in LABEL_NAMES[split] if name in by_name)
    return next((found for found in named if found.shape[:1] == stored.shape[:1] and _is_label(found)), None)


def _is_label(found: Stored) -> bool:
    return found.dtype.kind in "iu" and found.shape[1:] in ((), (1,))


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
