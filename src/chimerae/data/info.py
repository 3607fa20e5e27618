"""Metadata of a source, read cheaply: enough to build networks and to refuse early."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from chimerae.data.manifest import Kind
from chimerae.data.named_datasets import preset
from chimerae.data.open import Source, open_source
from chimerae.data.opened import once
from chimerae.data.pixels import Header, Unreadable, cropped_size, header
from chimerae.data.settings import Prepare
from chimerae.data.sources import MOST_SAMPLES, Part, PointSource
from chimerae.data.splits import held_out, validated
from chimerae.data.toys import N_FIXED, Toy
from chimerae.errors import InputError
from chimerae.progress import Progress, silent
from chimerae.shapes import Shape

N_LOOKED: Final = 1000
"""Most headers read of a split."""
_EVERY: Final = 200
"""Headers between two reports of progress."""


@dataclass(frozen=True)
class SourceInfo:
    """Metadata of a source, as far as headers show it. Of large sources only a sample of headers is read."""

    source: str
    kind: Kind
    shape: Shape | None
    """Shape of one sample as it is, `(C, H, W)` or `(d,)`; None when images differ in size."""
    final: Shape | None
    """Shape of one sample once it is prepared; None when images differ in size and none is set."""
    counts: Mapping[str, int]
    """Samples per split, if every one is readable."""
    sizes: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """Numbers of headers read, by (height, width)."""
    cropped: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """The same after the crop, if there is one."""
    modes: Mapping[str, int] = field(default_factory=dict)
    """Numbers of headers read, by pillow's colour mode."""
    complete: bool = True
    """True when every header was read."""


def source_info(source: str, settings: Prepare | None = None) -> SourceInfo:
    """Metadata of `source`; nothing is decoded or written. Settings are those of its name when not given.

    Raises:
        InputError: there is no such source, it holds nothing readable, or a single sample only; or its images
            are smaller than the crop.
    """
    known = once("headers", source, lambda: _read(source, open_source(source), N_LOOKED, silent))
    return _info(source, known, settings or preset(source))


def info_of(
    name: str,
    found: Source,
    settings: Prepare,
    *,
    limit: int | None = N_LOOKED,
    progress: Progress = silent,
) -> SourceInfo:
    """`source_info` of a source that is open; `limit` headers of every split are read, or all (None)."""
    if limit == N_LOOKED:
        return _info(name, once("headers", name, lambda: _read(name, found, limit, progress)), settings)
    return _info(name, _read(name, found, limit, progress), settings)


@dataclass(frozen=True)
class _Known:
    """Facts of a source that do not depend on the settings."""

    counts: Mapping[str, int]
    """Samples per split."""
    dimension: int | None = None
    """Coordinates of a point; None: images."""
    headers: Sequence[Header] = ()
    complete: bool = True
    endless: bool = False
    """True for a toy, whose points are drawn as they are needed."""


def _read(name: str, found: Source, limit: int | None, progress: Progress) -> _Known:
    if isinstance(found, Toy):
        return _Known({"train": N_FIXED, "test": N_FIXED}, 2, endless=True)
    if isinstance(found, PointSource):
        return _Known(found.counts, found.dimension)
    counts = {split: part.count for split, part in found.parts.items()}
    headers = [seen for part in found.parts.values() for seen in _headers(part, limit, progress)]
    if not headers:
        first = next(item.name for part in found.parts.values() for item in part.read(1))
        raise InputError(
            f"'{name}': none of its {sum(counts.values())} files can be read as an image, not even {first}"
        )
    return _Known(counts, None, headers, limit is None or max(counts.values()) <= limit)


def _info(name: str, known: _Known, settings: Prepare) -> SourceInfo:
    if known.dimension is not None:
        shape = (known.dimension,)
        counts = known.counts if known.endless else _seen_counts(known.counts, settings, name)
        return SourceInfo(name, "points", shape, shape, counts)
    headers = known.headers
    sizes = Counter((seen.height, seen.width) for seen in headers)
    channels = _channels(headers, settings)
    cropped: Counter[tuple[int, int]] = Counter()
    for size, count in sizes.items():
        cropped[cropped_size(settings.crop, size, name)] += count
    native = next(iter(sizes)) if len(sizes) == 1 else None
    wanted = settings.height_width or (next(iter(cropped)) if len(cropped) == 1 else None)
    return SourceInfo(
        source=name,
        kind="images",
        shape=native and (channels, *native),
        final=wanted and (channels, *wanted),
        counts=_seen_counts(known.counts, settings, name),
        sizes=dict(sizes.most_common()),
        cropped=dict(cropped.most_common()),
        modes=dict(Counter(seen.mode for seen in headers).most_common()),
        complete=known.complete,
    )


def _seen_counts(counts: Mapping[str, int], settings: Prepare, name: str) -> dict[str, int]:
    """Samples per split as `settings` show them."""
    found = split_counts(counts, settings.hold_out, name)
    if settings.validation is None:
        return found
    train, held = held_out(validated(found["train"], name), settings.validation)
    return {"train": len(train), "test": len(held)}


def split_counts(counts: Mapping[str, int], share: float, name: str) -> dict[str, int]:
    """Samples per split once a test split is held out of a source that has none.

    Raises:
        InputError: there is no test split, and fewer than 2 samples.

    >>> split_counts({"train": 50}, 0.1, "photos")
    {'train': 45, 'test': 5}
    """
    most = max(counts.values())
    if most > MOST_SAMPLES:
        raise InputError(f"'{name}' holds {most:,} samples, more than {MOST_SAMPLES:,}; give a part of them")
    if "test" in counts:
        return dict(counts)
    n = counts["train"]
    if n < 2:
        raise InputError(
            f"'{name}' has {n} sample that can be used; at least 2 are needed, one to learn and one to test"
        )
    train, test = held_out(n, share)
    return {"train": len(train), "test": len(test)}


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


def _channels(headers: Sequence[Header], settings: Prepare) -> int:
    if settings.channels != "auto":
        return int(settings.channels)
    return 1 if all(seen.grey for seen in headers) else 3
