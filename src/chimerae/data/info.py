"""Metadata of a source, read cheaply: enough to build networks and to refuse early."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chimerae.data.headers import KnownFacts, read_facts
from chimerae.data.manifest import Kind
from chimerae.data.named_datasets import preset
from chimerae.data.open import Source, open_source
from chimerae.data.opened import once
from chimerae.data.pixels import Header, cropped_size
from chimerae.data.settings import Prepare
from chimerae.data.sources import MOST_SAMPLES
from chimerae.data.splits import held_out, validated
from chimerae.errors import InputError
from chimerae.shapes import Shape


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
    known = once("headers", source, lambda: read_facts(source, open_source(source)))
    return info_of(source, known, settings or preset(source))


def info_of_open(name: str, found: Source, settings: Prepare) -> SourceInfo:
    """`source_info` of a source that is open."""
    return info_of(name, once("headers", name, lambda: read_facts(name, found)), settings)


def info_of(name: str, known: KnownFacts, settings: Prepare) -> SourceInfo:
    """Metadata of the source `name`, whose facts are `known`, under `settings`.

    Raises:
        InputError: it holds a single sample only, or its images are smaller than the crop.
    """
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


def _channels(headers: Sequence[Header], settings: Prepare) -> int:
    if settings.channels != "auto":
        return int(settings.channels)
    return 1 if all(seen.grey for seen in headers) else 3
