"""Headers of arrays in the `.npy` format, read with a bound on their size and checked against their file."""

from __future__ import annotations

import struct
import tokenize
import warnings
from dataclasses import dataclass
from io import BytesIO
from math import prod
from typing import IO, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from chimerae.errors import first_line

Array = NDArray[np.generic]

_MOST_HEADER: Final = 2**16
"""Bytes of a header, at most."""
_BAD_HEADER: Final = (
    *(ValueError, TypeError, SyntaxError, tokenize.TokenError, LookupError, AttributeError, EOFError),
    *(RecursionError, MemoryError, OverflowError, struct.error),
)
"""Errors of numpy on headers that are no header of an array."""


@dataclass(frozen=True)
class Head:
    """Header of an array: shape, order and type of its values, and the byte where they begin."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[np.generic]
    start: int

    @property
    def n_bytes(self) -> int:
        """Size of the values."""
        return prod(self.shape) * self.dtype.itemsize

    def array(self, values: Array) -> Array:
        """`values` `[n]` in their shape."""
        return values.reshape(self.shape, order="F" if self.fortran else "C")


def read_head(file: IO[bytes], size: int) -> Head:
    """The header of an array in a file of `size` bytes, all of whose values are there.

    Raises:
        ValueError: it is no header, or says what cannot be.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy tells of headers that Python 2 has written
            text, old = _header_bytes(file)
            shape, fortran, dtype = (npy.read_array_header_1_0 if old else npy.read_array_header_2_0)(text)
    except _BAD_HEADER as error:
        raise ValueError(f"no header of an array: {first_line(error)[:100]}") from error
    if any(isinstance(side, bool) or side < 0 for side in shape):
        raise ValueError(f"its header tells of the shape {list(shape)}")
    head = Head(shape, bool(fortran), dtype, text.tell())
    if dtype.hasobject:  # such arrays may stand beside others, and are refused where they are wanted
        return head
    if head.start + head.n_bytes > size:
        raise ValueError(
            f"it is cut: its header tells of {head.n_bytes:,} bytes, of which {max(size - head.start, 0):,} "
            "are there"
        )
    return head


def _header_bytes(file: IO[bytes]) -> tuple[BytesIO, bool]:
    """The header of an array behind its magic word, and whether it is of the first version."""
    first = file.read(12)
    old = npy.read_magic(BytesIO(first)) == (1, 0)
    (length,) = struct.unpack_from("<H" if old else "<I", first, npy.MAGIC_LEN)
    if length > _MOST_HEADER:
        raise ValueError(f"a header of {length:,} bytes")
    whole = BytesIO(first + file.read(length))
    whole.seek(npy.MAGIC_LEN)
    return whole, old
