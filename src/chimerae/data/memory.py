"""Data in memory as sources: arrays, tensors, lists of images, torch and Hugging Face data sets."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from PIL import Image
from torch import Tensor

from chimerae.data.arrays import Stored, from_stored
from chimerae.data.npy_header import Array
from chimerae.data.opened import opened_once
from chimerae.data.picture import as_picture
from chimerae.data.sources import ImageSource, Item, Part, PointSource, digest, indexed
from chimerae.data.split_names import choose_splits
from chimerae.errors import InputError

PREFIX: Final = "array:"
"""The name of data in memory is this and a checksum of their content, 16 hexadecimal digits."""
KINDS: Final = (
    "an array or tensor, a list of images, a torch or Hugging Face data set with a length, "
    "or {'train': ..., 'test': ...} of these"
)

Source = ImageSource | PointSource
_HELD: Final[dict[str, Source]] = {}


@dataclass(frozen=True)
class _Opened:
    """One split: an array with labels, or items that are read one by one."""

    checksum: str
    array: Stored | None = None
    labels: Stored | None = None
    part: Part | None = None
    classes: tuple[str, ...] = ()


@contextmanager
def held(data: object) -> Iterator[str | None]:
    """The name under which `data` can be prepared within the block, which is also one of `opened_once`.

    Args:
        data: a path or name of a source, which is returned as it is, or data in memory: see `KINDS`. Images
            are uint8, float in [0, 1], PIL images or paths; items of a data set are images or (image, label);
            arrays are as in files (`chimerae.data.arrays`); a pair of arrays is (samples, labels).

    Raises:
        InputError: the data are of no known kind, or empty.
    """
    if data is None or isinstance(data, str | os.PathLike):
        with opened_once():
            yield None if data is None else os.fspath(data)
        return
    source = opened(data)
    name = f"{PREFIX}{source.identity}"
    _HELD[name] = source
    try:
        with opened_once():
            yield name
    finally:
        _HELD.pop(name, None)


@contextmanager
def held_again(data: object, name: str) -> Iterator[None]:
    """`held` for data that a run knows as `name`; None holds nothing.

    Raises:
        InputError: the data are not those of the run.
    """
    with held(data) as given:
        if given is not None and given != name:
            raise InputError(f"the run began with '{name}', these data are '{given}'; give the same again")
        yield


def recalled(name: str) -> Source:
    """The data that are held as `name`, or a stand-in whose prepared arrays may still be in the cache."""
    return _HELD.get(name) or ImageSource(name.removeprefix(PREFIX), {"train": Part(0, partial(_gone, name))})


def _gone(name: str, limit: int | None) -> Iterator[Item]:
    raise InputError(
        f"the data '{name}' were given in memory and are no longer in the cache; "
        "give them again, as in chimerae.resume(run, data=...)"
    )


def opened(data: object) -> Source:
    """`data` as a source; see `held`.

    Raises:
        InputError: the data are of no known kind, or empty.
    """
    given = data if isinstance(data, Mapping) else {"train": data}
    chosen, _ = choose_splits([str(name) for name in given]) if given else ({}, [])
    splits = {split: _open(given[names[0]]) for split, names in chosen.items()}
    if not splits:
        raise InputError(f"the data hold nothing; give {KINDS}")
    identity = digest((split, each.checksum) for split, each in splits.items())[:16]
    arrays = {split: each.array for split, each in splits.items() if each.array is not None}
    if len(arrays) == len(splits):
        return from_stored(identity, arrays, {split: each.labels for split, each in splits.items()})
    if arrays:
        raise InputError("the splits differ in kind: give arrays for all of them, or lists or data sets")
    parts = {split: each.part for split, each in splits.items() if each.part is not None}
    return ImageSource(identity, parts, splits["train"].classes)


def _open(data: object) -> _Opened:
    pair = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
    samples, labels = pair if _is_label_array(pair[1]) else (data, None)
    if isinstance(samples, np.ndarray | Tensor):
        return _open_array(_plain(samples), None if labels is None else _plain(labels))
    if type(samples).__module__.startswith("datasets."):
        return _open_hub(samples)
    if (
        isinstance(samples, str | bytes)
        or not hasattr(samples, "__getitem__")
        or not hasattr(samples, "__len__")
    ):
        raise InputError(f"data of type {type(data).__name__} cannot be used; give {KINDS}")
    return _open_items(samples)


def _plain(values: Any) -> Array:
    array: Array = values.detach().cpu().numpy() if isinstance(values, Tensor) else values
    return array


def _is_label_array(values: object) -> bool:
    return isinstance(values, np.ndarray | Tensor) and values.ndim == 1


def _open_array(samples: Array, labels: Array | None) -> _Opened:
    if labels is not None and (len(labels) != len(samples) or labels.dtype.kind not in "iu"):
        raise InputError(
            f"labels {list(labels.shape)} of {labels.dtype} do not fit samples {list(samples.shape)}; "
            "give one whole number a sample"
        )
    state = hashlib.blake2b(digest_size=16)
    for array in (samples,) if labels is None else (samples, labels):
        state.update(repr((array.dtype.str, array.shape)).encode())
        state.update(np.ascontiguousarray(array).data if array.size else b"")
    kept = None if labels is None else Stored("the labels", labels.shape, labels.dtype, lambda: labels)
    return _Opened(
        state.hexdigest(), Stored("the array", samples.shape, samples.dtype, lambda: samples), kept
    )


def _open_hub(rows: Any) -> _Opened:
    from datasets import ClassLabel, Dataset

    from chimerae.data.hub import part_of

    if not isinstance(rows, Dataset):
        raise InputError(f"a {type(rows).__name__} cannot be used: give a data set that is not streamed")
    labels = [feature for feature in rows.features.values() if isinstance(feature, ClassLabel)]
    classes = tuple(labels[0].names) if len(labels) == 1 else ()
    return _watched(part_of(rows, "the data set", "data"), classes)


def _open_items(data: Any) -> _Opened:
    """A list of images, or a data set whose items are images or (image, label)."""
    if not len(data):
        raise InputError(f"the data hold nothing; give {KINDS}")
    first, _ = _unpacked(data[0])
    if isinstance(first, np.ndarray | Tensor) and first.ndim == 1:  # points
        return _open_array(np.stack([_plain(_unpacked(data[i])[0]) for i in range(len(data))]), None)

    def item(i: int) -> Item:
        image, label = _unpacked(data[i])
        if not isinstance(image, str | os.PathLike):
            image = as_picture(image, f"image {i}")
        return Item(f"image {i}", partial(as_picture, image), label)

    names = getattr(data, "classes", ())
    known = isinstance(names, Sequence) and all(isinstance(name, str) for name in names)
    return _watched(indexed(len(data), item), tuple(names) if known else ())


def _unpacked(item: Any) -> tuple[Any, int | None]:
    """Image and label of an item."""
    if not isinstance(item, tuple | list):
        return item, None
    image, label = (item[0], item[1]) if len(item) > 1 else (item[0], None)
    whole = isinstance(label, int | np.integer) or (
        isinstance(label, np.ndarray | Tensor) and label.ndim == 0 and _plain(label).dtype.kind in "iu"
    )
    return image, int(label) if whole and label is not None else None


def _watched(part: Part, classes: tuple[str, ...]) -> _Opened:
    """The part with its checksum; reading all of it raises `InputError` if the content has changed since."""
    checksum = _Checksum()
    for item in part.read(None):
        checksum.add(item)
    return _Opened(checksum.value, part=Part(part.count, _steady(part.read, checksum.value)), classes=classes)


def _steady(
    read: Callable[[int | None], Iterator[Item]], known: str
) -> Callable[[int | None], Iterator[Item]]:
    def again(limit: int | None) -> Iterator[Item]:
        if limit is not None:
            yield from read(limit)
            return
        checksum = _Checksum()
        for item in read(None):
            checksum.add(item)
            yield item
        if checksum.value != known:
            raise InputError(
                "the images change from one reading to the next: take random transforms out of the data set"
            )

    return again


class _Checksum:
    """Fingerprint of the pixels and labels of items, in order; an unreadable item counts by its name."""

    def __init__(self) -> None:
        self._state = hashlib.blake2b(digest_size=16)

    def add(self, item: Item) -> None:
        """Count one item."""
        image: Image.Image | None = None
        with suppress(OSError, ValueError, SyntaxError):
            image = item.load()
            image.load()
        facts = (item.name,) if image is None else (image.mode, image.size, image.tobytes())
        self._state.update(repr((item.label, *facts[:2])).encode())
        self._state.update(facts[2] if len(facts) == 3 else b"")

    @property
    def value(self) -> str:
        """The fingerprint so far, in hexadecimal."""
        return self._state.hexdigest()
