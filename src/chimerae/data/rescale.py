"""Values of any common range as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from chimerae.data.npy_header import Array
from chimerae.errors import InputError

BLOCK_VALUES: Final = 2**24
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
    rows = max(1, BLOCK_VALUES // per_row)
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
