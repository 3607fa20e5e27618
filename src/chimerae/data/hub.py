"""Data sets of the Hugging Face hub, by id."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chimerae.data.parquet import BATCH, ImageColumns, columns_of, items
from chimerae.data.sources import ImageSource, Item, Part, digest, even_indices, joined
from chimerae.data.split_names import WantedSplits, choose_splits
from chimerae.errors import InputError
from chimerae.extras import quiet

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


N_SHOWN: Final = 300
"""Characters shown of an error of `datasets`."""


def open_hub(
    name: str,
    revision: str | None = None,
    *,
    missing: str,
    config: str | None = None,
    wanted: WantedSplits | None = None,
) -> ImageSource:
    """The data set `name` (owner/name), downloaded if it is not in the cache of `datasets`.

    Args:
        name: its id.
        revision: its wanted state.
        missing: beginning of the error when it cannot be had.
        config: its subset; the only one, or its default, when not given.
        wanted: the wanted splits; the usual ones when not given.

    Raises:
        InputError: it does not exist, the hub cannot be reached, or it lacks a column of images or a wanted
            split.
    """
    found = _load(name, config, revision, missing)
    chosen, left = choose_splits(list(found), wanted, name)
    parts = {
        split: joined([part_of(found[each], name, each) for each in given]) for split, given in chosen.items()
    }
    used = [each for given in chosen.values() for each in given]
    return ImageSource(
        digest((name, each, found[each]._fingerprint, len(found[each])) for each in used),
        parts,
        left_out={f"rows in {split}": len(found[split]) for split in left},
        hub=name,
        revision=_commit(found) or revision,
    )


def part_of(rows: Dataset, name: str, split: str) -> Part:
    """The images in the rows of a data set; `name` and `split` stand in errors and names of items.

    Raises:
        InputError: no column holds images.
    """
    plain = _undecoded(rows)
    return Part(len(plain), _reader(plain, columns_of(plain.features.arrow_schema, name), split))


def _load(name: str, config: str | None, revision: str | None, missing: str) -> DatasetDict:
    from datasets import DatasetDict, load_dataset

    try:
        with quiet("huggingface_hub"):  # a line for every attempt; the outcome is reported once
            found = load_dataset(name, config, revision=revision)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{missing}: {_in_short(error)}") from error
    if not isinstance(found, DatasetDict) or not found:
        raise InputError(f"'{name}' has no splits that can be read")
    return found


def _commit(found: DatasetDict) -> str | None:
    """The commit that was downloaded: `datasets` keeps its tables in a folder of this name."""
    folders = (Path(file["filename"]).parent.name for rows in found.values() for file in rows.cache_files)
    return next((folder for folder in folders if re.fullmatch(r"[0-9a-f]{40}", folder)), None)


def _in_short(error: Exception) -> str:
    return " ".join((str(error) or type(error).__name__).split())[:N_SHOWN]


def _undecoded(rows: Dataset) -> Dataset:
    """The same rows with pictures as {bytes, path}, left to our own decoder."""
    from datasets import Image

    for column, feature in rows.features.items():
        if isinstance(feature, Image):
            rows = rows.cast_column(column, Image(decode=False))
    return rows


def _reader(rows: Dataset, columns: ImageColumns, split: str) -> Callable[[int | None], Iterator[Item]]:
    def read(limit: int | None) -> Iterator[Item]:
        plain = rows.select_columns(columns.names).with_format("arrow")
        if limit is not None:
            plain = plain.select(even_indices(len(rows), limit))
        for first in range(0, len(plain), BATCH):
            yield from items(plain[first : first + BATCH], columns, first, split)

    return read
