"""Conversion of a split into rows of an array, in bounded memory; an interrupted one resumes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from chimerae.data.journal import Journal, Tally
from chimerae.data.manifest import ArrayFile, Unread
from chimerae.data.pixels import Bytes
from chimerae.data.sources import Item, Part
from chimerae.data.store import RowWriter
from chimerae.data.transform import ImageTransform, chunks

_MOST_LABEL: Final = 2**20
"""Larger numbers are no labels: a classifier has an output for each."""


@dataclass(frozen=True)
class Made:
    """Outcome of some items, in order."""

    labels: Sequence[int | None]
    found: Sequence[Bytes | Unread]


Makers = Callable[[Iterable[Item], ImageTransform], Iterator[Made]]
"""Transforms items, in order."""


@contextmanager
def threads() -> Iterator[Makers]:
    """Threads of this process."""
    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore")  # pillow's warnings of large images and odd metadata are no news here

        def make(items: Iterable[Item], transform: ImageTransform) -> Iterator[Made]:
            for chunk in chunks(items, transform):
                yield Made([item.label for item in chunk], list(pool.map(transform, chunk)))

        yield make


def makers(processes: int) -> AbstractContextManager[Makers]:
    """Threads of this process, or several processes."""
    if processes == 1:
        return threads()
    from chimerae.data.workers import workers

    return workers(processes)


def convert(
    part: Part,
    transform: ImageTransform,
    path: Path,
    journal: Journal,
    make: Makers,
    report: Callable[[int], None],
) -> tuple[Tally, ArrayFile]:
    """Write every readable image of `part` to `path`, in order, after those that the journal knows.

    `report` is called with the number of items done.
    """
    done, tally, kept = journal.reached(path.name)
    writer = None if kept is None else RowWriter.resumed(path, kept)
    if writer is None:
        done, tally, writer = 0, Tally(), RowWriter(path, "uint8")
        journal.forget(path.name)
    with writer:
        report(done)
        for made in make(islice(part.read(None), done, None), transform):
            _write(made, tally, writer)
            done += len(made.found)
            report(done)
            if journal.is_due(done):
                writer.settle()
                journal.add(path.name, done, tally, writer.facts)
    return tally, writer.facts


def _write(made: Made, tally: Tally, writer: RowWriter) -> None:
    rows = [found for found in made.found if not isinstance(found, Unread)]
    tally.unread += [found for found in made.found if isinstance(found, Unread)]
    tally.labels += [
        _known(label)
        for label, found in zip(made.labels, made.found, strict=True)
        if not isinstance(found, Unread)
    ]
    if rows:
        stacked = np.stack(rows)
        tally.add(stacked)
        writer.add(stacked)


def _known(label: int | None) -> int:
    return -1 if label is None or label > _MOST_LABEL else label
