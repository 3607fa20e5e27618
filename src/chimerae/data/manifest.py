"""Manifest of prepared data."""

from __future__ import annotations

from dataclasses import field
from math import prod
from typing import Final, Literal

import numpy as np
from pydantic.dataclasses import dataclass

from chimerae.config import STRICT
from chimerae.data.settings import SPLITS, Crop

Kind = Literal["images", "points"]

FORMAT: Final = 1
"""Version of the arrays and of the manifest; data of another version are prepared anew."""


def label_file(split: str) -> str:
    """Name of the file with the labels of a split."""
    return f"{split}-labels"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ArrayFile:
    """One array on disk: raw values in C order, without a header."""

    dtype: str
    shape: tuple[int, ...]
    checksum: str
    """BLAKE2b of the contents, 16 bytes in hexadecimal."""

    @property
    def n_bytes(self) -> int:
        """Size of the file."""
        return prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Unread:
    """A file or row that could not be read, and why."""

    name: str
    why: str


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Transform:
    """Transform that was applied to every image."""

    size: tuple[int, int]
    """Height and width."""
    fit: str
    channels: int
    crop: Crop | None = None
    """Region that was cut out first, as in the settings."""
    resample: str = "lanczos"
    transparent_on: str = "white"
    padding: int = 0
    values: str = "uint8, 0 to 255"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Manifest:
    """All facts about prepared data, known without opening the arrays."""

    format: Literal[1] = FORMAT
    source: str
    kind: Kind
    shape: tuple[int, ...]
    """Shape of one sample: `(C, H, W)` or `(d,)`."""
    counts: dict[str, int]
    """Samples per split; for toys the size of the fixed splits."""
    hold_out: float | None
    """Share of the source that was held out as the test split; None when the source has one."""
    transform: Transform | None
    """None for points, which are taken as they are."""
    checksum: str
    """Checksum of all arrays together."""
    files: dict[str, ArrayFile]
    unreadable: list[Unread]
    constant: int = 0
    """Images of a single colour."""
    classes: tuple[str, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    """Unused contents of the source, with counts."""
    hub: str | None = None
    """Id of the hub's data set that the images come from; None when they were taken from files here."""
    revision: str | None = None
    """State of the hub's data set: its commit if known, else the requested revision."""

    @property
    def is_sound(self) -> bool:
        """True when its parts fit together, so that arrays can be opened by it."""
        splits = SPLITS if self.hold_out is None else SPLITS[:1]
        labels = {label_file(split): split for split in splits}
        found = {name: self.files[name] for name in splits if name in self.files}
        kind, n_axes = ("uint8", 3) if self.kind == "images" else ("float32", 1)
        least = 1 if self.hold_out is None else 2
        return (
            len(found) == len(splits)
            and self.files.keys() <= {*splits, *labels}
            and len(self.shape) == n_axes
            and min(self.shape) > 0
            and (self.hold_out is None or 0 < self.hold_out < 1)
            and all(each.dtype == kind for each in found.values())
            and all(each.shape[:1] >= (least,) and each.shape[1:] == self.shape for each in found.values())
            and all(
                each.dtype == "int64" and each.shape == found[labels[name]].shape[:1]
                for name, each in self.files.items()
                if name in labels
            )
            and self.counts.keys() == {*SPLITS}
            and sum(self.counts.values()) == sum(each.shape[0] for each in found.values())
        )
