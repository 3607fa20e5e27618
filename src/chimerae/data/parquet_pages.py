"""Headers of the pages of a parquet file: how large a page gets, before anything of it is unpacked.

They are written in Thrift's compact protocol, of which this reads what is needed and skips the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import pyarrow.parquet as pq

_SHORT: Final = 2**12
"""Bytes of a header that are read at first."""
_LONG: Final = 2**24
"""Bytes of a header that are read where those do not hold it."""
_MOST_PAGES: Final = 2**17
_DICTIONARY: Final = 2
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _STRUCT = 1, 2, 3, 7, 8, 12
_INTEGERS: Final = (4, 5, 6)
_DEEPEST: Final = 8


@dataclass(frozen=True)
class Page:
    """Size of a page once it is unpacked."""

    size: int
    is_dictionary: bool


def pages(file: BinaryIO, chunk: pq.ColumnChunkMetaData) -> Iterator[Page]:
    """The pages of a column chunk, in order.

    Raises:
        ValueError: a header is none, or there are too many.
    """
    start = (chunk.dictionary_page_offset if chunk.has_dictionary_page else 0) or chunk.data_page_offset
    end = start + chunk.total_compressed_size
    for _ in range(_MOST_PAGES):
        if start >= end:
            return
        numbers, length = _numbers(file, start)
        kind, unpacked, packed = (numbers.get(i, -1) for i in (1, 2, 3))
        if min(kind, unpacked, packed) < 0:
            raise ValueError("a page has no header")
        yield Page(unpacked, kind == _DICTIONARY)
        start += length + packed
    raise ValueError(f"more than {_MOST_PAGES:,} pages in one part of a column")


def _numbers(file: BinaryIO, start: int) -> tuple[dict[int, int], int]:
    """Fields of the header at `start` that are whole numbers, and its length: most are short, those with a
    long value among their statistics are not.
    """
    for size in (_SHORT, _LONG):
        file.seek(start)
        header = _Header(file.read(size))
        try:
            return header.fields(), header.at
        except _Cut:
            continue
    raise ValueError("a page's header is cut")


class _Cut(ValueError):
    """A header goes on where the bytes end."""


class _Header:
    """Reads a struct from the beginning of `data`; `at` is where it ends."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def fields(self, depth: int = 0) -> dict[int, int]:
        """The whole numbers among the fields of the struct, by the field's number."""
        if depth > _DEEPEST:
            raise ValueError("a page's header is nested too deeply")
        found: dict[int, int] = {}
        number = 0
        while head := self._byte():
            kind, step = head & 15, head >> 4
            number = number + step if step else self._integer()
            if kind in _INTEGERS:
                found[number] = self._integer()
            elif kind not in (_TRUE, _FALSE):
                self._skip(kind, depth)
        return found

    def _skip(self, kind: int, depth: int) -> None:
        if kind == _STRUCT:
            self.fields(depth + 1)
        elif kind == _BINARY:
            length = self._varint()
            self.at += length
        elif kind in (_BYTE, _DOUBLE):
            self.at += 1 if kind == _BYTE else 8
        else:
            raise ValueError(f"a page's header holds a field of kind {kind}")

    def _byte(self) -> int:
        if self.at >= len(self._data):
            raise _Cut
        self.at += 1
        return self._data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while shift < 64:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
        raise ValueError("a page's header holds no number")

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
