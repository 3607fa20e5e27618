"""Facts of an open source that are read cheaply: counts, and headers of images."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chimerae.data.open import Source
from chimerae.data.pixels import Header, Unreadable, header
from chimerae.data.sources import Part, PointSource
from chimerae.data.toys import N_FIXED, Toy
from chimerae.errors import InputError
from chimerae.progress import Progress, silent

N_LOOKED: Final = 1000
"""Most headers read of a split."""
_EVERY: Final = 200
"""Headers between two reports of progress."""


@dataclass(frozen=True)
class KnownFacts:
    """Facts of a source that do not depend on the settings by which it is prepared."""

    counts: Mapping[str, int]
    """Samples per split."""
    dimension: int | None = None
    """Coordinates of a point; None: images."""
    headers: Sequence[Header] = ()
    complete: bool = True
    endless: bool = False
    """True for a toy, whose points are drawn as they are needed."""


def read_facts(
    name: str, found: Source, limit: int | None = N_LOOKED, progress: Progress = silent
) -> KnownFacts:
    """The facts of the open source `found`, called `name`; `limit` headers of every split are read, or all
    (None).

    Raises:
        InputError: it holds no readable image.
    """
    if isinstance(found, Toy):
        return KnownFacts({"train": N_FIXED, "test": N_FIXED}, 2, endless=True)
    if isinstance(found, PointSource):
        return KnownFacts(found.counts, found.dimension)
    counts = {split: part.count for split, part in found.parts.items()}
    headers = [seen for part in found.parts.values() for seen in _headers(part, limit, progress)]
    if not headers:
        first = next(item.name for part in found.parts.values() for item in part.read(1))
        raise InputError(
            f"'{name}': none of its {sum(counts.values())} files can be read as an image, not even {first}"
        )
    return KnownFacts(counts, None, headers, limit is None or max(counts.values()) <= limit)


def _headers(part: Part, limit: int | None, progress: Progress) -> list[Header]:
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pillow's warnings of large images and odd metadata are no news here
        for done, item in enumerate(part.read(limit)):
            if done % _EVERY == 0:
                progress(done, part.count, "headers")
            try:
                found.append(header(item))
            except Unreadable:
                continue  # `prepare` reports it by name
    return found
