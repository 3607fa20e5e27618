"""Large arrays on disk, read row by row: a memory map of one would fill the memory with what was read."""

from __future__ import annotations

import os
import weakref
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from chimerae.data.manifest import ArrayFile
from chimerae.errors import InputError

READS_ROWS: Final = hasattr(os, "preadv")
"""False where the system reads files only from one place to the next, as Windows does."""


class LargeArray:
    """An array file whose rows are read when they are asked for, and kept nowhere.

    Several threads may read at once. The file stays open as long as the array is in use.
    """

    def __init__(self, path: Path, facts: ArrayFile) -> None:
        self.path = path
        self.shape = facts.shape
        self.dtype = np.dtype(facts.dtype)
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def itemsize(self) -> int:
        """Bytes of one value."""
        return self.dtype.itemsize

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.generic]:
        """The rows `[n]` as `[n, *shape]`; neighbours are read at once.

        Raises:
            IndexError: a row is negative, or not below `len(self)`.
            InputError: the file has become shorter.
        """
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"rows {rows.min()} to {rows.max()} of {len(self)}")
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        each = prod(self.shape[1:]) * self.itemsize
        into = found.data.cast("B") if found.size else memoryview(b"")
        begins = [0, *(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
        places = (rows[begins[:-1]] * each).tolist() if len(rows) else []
        for (first, last), place in zip(pairwise(begins), places, strict=False):
            self._read(into[first * each : last * each], place)
        return found

    def _read(self, into: memoryview, place: int) -> None:
        while (n := os.preadv(self._file, [into], place)) < len(into):
            if not n:
                raise InputError(
                    f"prepared data are damaged: '{self.path}' is shorter than it was; delete the folder "
                    f"'{self.path.parent}' and go on: the data are prepared again"
                )
            into, place = into[n:], place + n
