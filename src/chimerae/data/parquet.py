"""Tables of pictures in the hub's schema: an image column of {bytes, path}, and a column of labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from chimerae.data.parquet_pages import pages
from chimerae.data.sources import ImageSource, Item, Part, file_identity, in_utf8, open_picture
from chimerae.data.split_names import WantedSplits, choose_splits, split_of
from chimerae.errors import InputError, first_line
from chimerae.files import regular

IMAGE_NAMES: Final = ("image", "img")
LABEL_NAMES: Final = ("label", "labels", "identity", "fine_label")
BATCH: Final = 128
"""Rows that are read at a time, at most."""
_BATCH_BYTES: Final = 2**26
"""Bytes that they take, at most, but for a row that has more."""
_TIMES: Final = 2
"""A page may be larger if its part of the file is at least 1 / `_TIMES` of it: encoded pictures are."""
_MOST_PAGE: Final = 2**27
"""Bytes of a page, at most: it is unpacked in memory."""
_BUFFER: Final = 2**20
"""Bytes of a file that are read at a time."""
_BAD_TABLE: Final = (pa.ArrowException, OSError, ValueError, OverflowError)
"""Errors of pyarrow on damaged files; a `UnicodeDecodeError` is a `ValueError`."""
N_PATH: Final = 200
"""Characters of a picture's path that become a part of its name."""
N_PLACES: Final = 8
"""Row groups that a first look reads."""


@dataclass(frozen=True)
class ImageColumns:
    """Names of the column of pictures and, if there is one, of the column of labels."""

    image: str
    label: str | None

    @property
    def names(self) -> list[str]:
        """Names of the columns to read."""
        return [self.image] if self.label is None else [self.image, self.label]


def columns_of(schema: pa.Schema, name: str) -> ImageColumns:
    """The columns to read from a table with this schema.

    Raises:
        InputError: no column holds pictures, or several do and none is called image or img.
    """
    pictures = [field.name for field in schema if _holds_pictures(field.type)]
    named = [column for column in IMAGE_NAMES if column in pictures]
    if not named and len(pictures) != 1:
        found = ", ".join(f"{field.name} ({field.type})" for field in schema)
        why = (
            "several columns hold images, none is called image or img"
            if pictures
            else "no column holds images"
        )
        raise InputError(f"'{name}': {why}; wanted a column 'image' of {{bytes, path}}, found: {found}")
    numbers = [field.name for field in schema if pa.types.is_integer(field.type)]
    label = next((column for column in (*LABEL_NAMES, *numbers) if column in numbers), None)
    return ImageColumns((named or pictures)[0], label)


def _holds_pictures(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return bool(kind.get_field_index("bytes") >= 0)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def items(rows: pa.Table | pa.RecordBatch, columns: ImageColumns, first: int, where: str) -> Iterator[Item]:
    """Every row as an item, named by its number in `where`; numbers start at `first`."""
    pictures = rows.column(columns.image).to_pylist()
    labels = [None] * len(pictures) if columns.label is None else rows.column(columns.label).to_pylist()
    for i, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        cell = picture if isinstance(picture, dict) else {"bytes": picture}
        inside = (
            f" ({in_utf8(cell['path'])[:N_PATH]})"
            if isinstance(cell.get("path"), str) and cell["path"]
            else ""
        )
        yield Item(f"{where} row {first + i}{inside}", partial(_open_cell, cell), label)


def _open_cell(cell: Mapping[str, bytes | str | None]) -> Image.Image:
    data, path = cell.get("bytes"), cell.get("path")
    if isinstance(data, bytes):
        return open_picture(BytesIO(data))
    if isinstance(path, str):
        return open_picture(path)
    raise ValueError("empty cell")


def open_parquet(root: Path, paths: Sequence[Path], wanted: WantedSplits | None = None) -> ImageSource:
    """A parquet file, or a folder of them; names such as `train-00000-of-00001.parquet` tell the split.

    Raises:
        InputError: a file is not parquet, or holds no images; the files differ in their columns; or a wanted
            split is missing.
    """
    columns = {_columns(path) for path in paths}
    if len(columns) > 1:
        raise InputError(
            f"the parquet files of '{root}' have different columns: give one of them, or a folder of its own"
        )
    used = columns.pop()
    by_split: dict[str, list[Path]] = {}
    for path in paths:
        inside = path.relative_to(root).as_posix() if path != root else path.name
        by_split.setdefault(split_of(inside, wanted), []).append(path)
    chosen, left = choose_splits(list(by_split), wanted, str(root))
    counts = {path: _count(path) for path in paths}
    parts = {}
    for split, given in chosen.items():
        files = [path for name in given for path in by_split[name]]
        parts[split] = Part(sum(counts[path] for path in files), _reader(files, used))
    left_out = {
        f"rows in {split or 'other files'}": sum(counts[path] for path in by_split[split]) for split in left
    }
    return ImageSource(file_identity(paths), parts, left_out=left_out)


def _columns(path: Path) -> ImageColumns:
    try:
        return columns_of(pq.read_schema(regular(path)), str(path))
    except InputError:
        raise
    except _BAD_TABLE as error:
        raise InputError(f"'{path}' cannot be read as parquet: {first_line(error)}") from error


def _count(path: Path) -> int:
    """Rows of a file."""
    facts = pq.read_metadata(path)
    groups = [facts.row_group(i).num_rows for i in range(facts.num_row_groups)]
    if min(groups, default=0) < 0 or sum(groups) != facts.num_rows:
        raise InputError(
            f"'{path}' is damaged: it tells of {facts.num_rows} rows, its parts of {sum(groups)}"
        )
    return int(facts.num_rows)


def _reader(paths: Sequence[Path], columns: ImageColumns) -> Callable[[int | None], Iterator[Item]]:
    def read(limit: int | None) -> Iterator[Item]:
        for path in paths:
            with _opened(path) as table:
                share = None if limit is None else max(1, limit // len(paths))
                yield from _thin(table, columns, path, share) if share else _all(table, columns, path)

    return read


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(regular(path), buffer_size=_BUFFER)
    except InputError:
        raise
    except _BAD_TABLE as error:
        raise InputError(f"'{path}' cannot be read as parquet: {first_line(error)}") from error


def _all(table: pq.ParquetFile, columns: ImageColumns, path: Path) -> Iterator[Item]:
    first = 0
    for batch in _batches(table, range(table.num_row_groups), columns, path):
        yield from items(batch, columns, first, path.name)
        first += len(batch)


def _batches(
    table: pq.ParquetFile, groups: Iterable[int], columns: ImageColumns, path: Path
) -> Iterator[pa.RecordBatch]:
    try:
        for group in groups:
            rows = _rows_at_a_time(table, group, columns, path)
            yield from table.iter_batches(rows, row_groups=[group], columns=columns.names)
    except InputError:
        raise
    except _BAD_TABLE as error:
        raise InputError(f"'{path}' is damaged: {first_line(error)}") from error


def _rows_at_a_time(table: pq.ParquetFile, group: int, columns: ImageColumns, path: Path) -> int:
    """Rows of a group that fit into memory together: each may hold a whole value of the dictionary.

    Raises:
        InputError: a page is too large to be unpacked.
    """
    facts = table.metadata.row_group(group)
    largest = 1
    with path.open("rb") as file:
        for i in range(facts.num_columns):
            chunk = facts.column(i)
            if chunk.path_in_schema.split(".")[0] not in columns.names:
                continue
            for page in pages(file, chunk):
                if page.size > max(_MOST_PAGE, _TIMES * chunk.total_compressed_size):
                    raise InputError(
                        f"'{path}' holds a page of {page.size >> 20:,} MB; write it again with smaller pages"
                    )
                if page.is_dictionary:
                    largest = max(largest, page.size)
    return max(1, min(BATCH, _BATCH_BYTES // largest))


def _thin(table: pq.ParquetFile, columns: ImageColumns, path: Path, limit: int) -> Iterator[Item]:
    """About `limit` rows, from up to eight row groups at even distances."""
    groups = range(0, table.num_row_groups, max(1, -(-table.num_row_groups // N_PLACES)))
    share = max(1, limit // max(1, len(groups)))
    starts = [0]
    for group in range(table.num_row_groups):
        starts.append(starts[-1] + table.metadata.row_group(group).num_rows)
    for group in groups:
        left = share
        for batch in _batches(table, [group], columns, path):
            yield from items(batch.slice(0, left), columns, starts[group] + share - left, path.name)
            left -= min(left, len(batch))
            if not left:
                break
