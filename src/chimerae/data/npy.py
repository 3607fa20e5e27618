"""Arrays in `.npy` and `.npz` files: which of them are samples and labels of which split."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from functools import cache, partial
from math import prod
from pathlib import Path
from typing import Final

import numpy as np

from chimerae.data.arrays import Stored, from_stored
from chimerae.data.npy_header import Array, Head, read_head
from chimerae.data.sources import ImageSource, PointSource, file_identity
from chimerae.errors import InputError, first_line
from chimerae.files import regular

TRAIN_NAMES: Final = ("x_train", "train", "train_images", "images", "x", "data")
TEST_NAMES: Final = ("x_test", "test", "test_images", "x_val", "val", "validation")
LABEL_NAMES: Final = {
    "train": ("y_train", "train_labels", "labels", "label", "y"),
    "test": ("y_test", "test_labels", "y_val", "val_labels"),
}
_MOST_LOADED: Final = 3 * 2**28
"""Bytes of an `.npz` that may be in memory."""
_MOST_DIRECTORY: Final = 2**20
"""Bytes of the list of files in an `.npz`, at most."""
_MOST_MEMBERS: Final = 1000
"""Arrays in an `.npz`, at most."""
_BAD_ZIP: Final = (
    *(OSError, ValueError, EOFError, LookupError, RuntimeError, NotImplementedError),
    *(zlib.error, zipfile.BadZipFile),
)
"""Errors of `zipfile` on damaged archives."""


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


def _labels(split: str, stored: Stored, members: Mapping[str, Stored]) -> Stored | None:
    """The array of integers beside the samples of `split`, one for each."""
    by_name = {name.lower(): found for name, found in members.items()}
    named = (by_name[name] for name in LABEL_NAMES[split] if name in by_name)
    return next((found for found in named if found.shape[:1] == stored.shape[:1] and _is_label(found)), None)


def _is_label(found: Stored) -> bool:
    return found.dtype.kind in "iu" and found.shape[1:] in ((), (1,))
