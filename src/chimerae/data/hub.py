"""Data sets of the Hugging Face hub, by id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from chimerae.data.sources import ImageSource, Item, Part, digest, spread
from chimerae.data.tables import BATCH, Columns, choose_splits, columns_of, items
from chimerae.errors import InputError

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


N_SHOWN: Final = 300
"""Characters of an error of `datasets` that are passed on."""


def open_hub(source: str) -> ImageSource:
    """The data set `owner/name` or `owner/name@revision`, downloaded if it is not in the cache of `datasets`.

    Raises:
        InputError: it is not there, the hub cannot be reached, or it has no column of images.
    """
    name, _, revision = source.partition("@")
    found = _load(source, name, revision or None)
    chosen, left = choose_splits(list(found))
    parts = {}
    for split, given in chosen.items():
        rows = _undecoded(found[given])
        schema = rows.features.arrow_schema
        parts[split] = Part(len(rows), _reader(rows, columns_of(schema, source), given))
    identity = digest(
        (name, given, found[given]._fingerprint, len(found[given])) for given in chosen.values()
    )
    return ImageSource(identity, parts, left_out={f"rows in {split}": len(found[split]) for split in left})


def _load(source: str, name: str, revision: str | None) -> DatasetDict:
    from datasets import DatasetDict, load_dataset

    try:
        found = load_dataset(name, revision=revision)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"'{source}' is no file or folder here, and not to be had from the hub: {_in_short(error)}"
        ) from error
    if not isinstance(found, DatasetDict) or not found:
        raise InputError(f"'{source}' has no splits that can be read")
    return found


def _in_short(error: Exception) -> str:
    return " ".join((str(error) or type(error).__name__).split())[:N_SHOWN]


def _undecoded(rows: Dataset) -> Dataset:
    """The same rows with pictures as {bytes, path}, for our own decoder to judge."""
    from datasets import Image

    for column, feature in rows.features.items():
        if isinstance(feature, Image):
            rows = rows.cast_column(column, Image(decode=False))
    return rows


def _reader(rows: Dataset, columns: Columns, split: str) -> Callable[[int | None], Iterator[Item]]:
    def read(limit: int | None) -> Iterator[Item]:
        plain = rows.select_columns(columns.names).with_format("arrow")
        if limit is not None:
            plain = plain.select(spread(len(rows), limit))
        for first in range(0, len(plain), BATCH):
            yield from items(plain[first : first + BATCH], columns, first, split)

    return read
