"""Manifest of prepared data."""

from __future__ import annotations

from dataclasses import field
from math import prod
from typing import Final, Literal

import numpy as np
from pydantic.dataclasses import dataclass

from chimerae.config import STRICT
from chimerae.data.settings import Crop

Kind = Literal["images", "points"]

FORMAT: Final = 1
"""Version of the arrays and of the manifest; data of another version are prepared anew."""


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
