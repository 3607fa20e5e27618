"""Inspection of a source before training: in numbers, in words and as a picture."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor

from chimerae import pictures
from chimerae.data.headers import read_facts
from chimerae.data.info import SourceInfo, info_of
from chimerae.data.manifest import Manifest
from chimerae.data.named_datasets import preset
from chimerae.data.open import open_source
from chimerae.data.opened import opened_once
from chimerae.data.prepared import Prepared, prepare
from chimerae.data.settings import SPLITS, Prepare
from chimerae.data.splits import Split
from chimerae.data.transform import common_side
from chimerae.progress import Progress, silent
from chimerae.shapes import describe

N_SHOWN = 64
"""Images in the grid."""
N_POINTS = 2000
"""Points of each split in the scatter plot."""
_SHOWN_VALUES = 2**25
"""Values in the grid, at most."""
_BLOCK = 1024
"""Samples that are read at a time, at most."""
_BLOCK_VALUES = 2**23
"""Values that are read at a time, at most, but for a sample that has more."""


@dataclass(frozen=True)
class Channel:
    """Values of one image channel, in [0, 1], or of one coordinate of points, over the training split."""

    low: float
    high: float
    mean: float
    deviation: float


@dataclass(frozen=True)
class Inspection:
    """Contents of a source, and of the arrays made of it."""

    info: SourceInfo
    """Sizes and modes of all files as they are."""
    facts: Manifest
    """The prepared arrays: counts, unreadable files, transform."""
    settings: Prepare
    chosen: bool
    """True: sizes differ and none was set, so the size in `settings` was chosen for this inspection."""
    channels: tuple[Channel, ...]
    duplicates: int
    """Samples that are exact copies of an earlier one, after preparation."""
    leaked: int
    """Test samples with an exact copy in the training split."""


@opened_once()
def inspect(
    source: str,
    settings: Prepare | None = None,
    *,
    cache: Path | None = None,
    progress: Progress = silent,
) -> tuple[Inspection, Image | None]:
    """Inspect `source`, and draw the network's input: images, or points in the plane.

    A size is chosen if images differ in size and none is set.

    Raises:
        InputError: as `prepare`, except for sizes that differ.
    """
    settings = settings or preset(source)
    info = info_of(source, read_facts(source, open_source(source), None, progress), settings)
    chosen = info.final is None
    if chosen:
        settings = replace(settings, size=common_side(min(min(size) for size in info.cropped)))
    prepared = prepare(source, settings, cache=cache, progress=progress)
    duplicates, leaked = _copies(prepared)
    found = Inspection(
        info=info,
        facts=prepared.facts,
        settings=settings,
        chosen=chosen,
        channels=_channels(prepared.train),
        duplicates=duplicates,
        leaked=leaked,
    )
    return found, picture(prepared)


def picture(prepared: Prepared) -> Image | None:
    """Training images at even distances, `[0, 1]`, as a grid; points in the plane as a plot of each split."""
    if prepared.kind == "images":
        n = max(1, min(N_SHOWN, _SHOWN_VALUES // prod(prepared.shape)))
        return pictures.grid(prepared.train.take(_evenly(len(prepared.train), n)))
    if prepared.shape != (2,):
        return None
    splits = {"train": prepared.train, "test": prepared.test}
    sets = {name: split.take(_evenly(len(split), N_POINTS)) for name, split in splits.items()}
    limits = None if prepared.toy is None else (*prepared.toy.limits, *prepared.toy.limits)
    return pictures.scatter(sets, limits=limits)


def _evenly(n: int, wanted: int) -> Tensor:
    return torch.linspace(0, n - 1, min(n, wanted)).round().long()


def _blocks(split: Split) -> Iterator[Tensor]:
    n = max(1, min(_BLOCK, _BLOCK_VALUES // prod(split.shape)))
    for start in range(0, len(split), n):
        yield split.raw(range(start, min(start + n, len(split))))


def _channels(split: Split) -> tuple[Channel, ...]:
    scale = 255.0 if len(split.shape) == 3 else 1.0
    n, total, square = 0, torch.zeros(()), torch.zeros(())
    low, high = torch.tensor(torch.inf), torch.tensor(-torch.inf)
    for block in _blocks(split):
        values = block.double().transpose(0, 1).flatten(1) / scale
        n += values.shape[1]
        total, square = total + values.sum(1), square + values.square().sum(1)
        low, high = torch.minimum(low, values.amin(1)), torch.maximum(high, values.amax(1))
    mean = total / n
    deviation = (square / n - mean.square()).clamp(min=0).sqrt()
    return tuple(Channel(*numbers) for numbers in torch.stack([low, high, mean, deviation], 1).tolist())


def _copies(prepared: Prepared) -> tuple[int, int]:
    """Numbers of samples that repeat an earlier one, and of test samples also in the training split."""
    counts: Mapping[str, Counter[bytes]] = {
        name: Counter(digest for block in _blocks(split) for digest in _digests(block))
        for name, split in zip(SPLITS, (prepared.train, prepared.test), strict=True)
    }
    every = counts["train"] + counts["test"]
    leaked = sum(n for digest, n in counts["test"].items() if digest in counts["train"])
    return every.total() - len(every), leaked


def _digests(block: Tensor) -> Iterator[bytes]:
    for sample in np.ascontiguousarray(block.numpy()):
        yield hashlib.blake2b(sample.tobytes(), digest_size=16).digest()


N_SIZES: Final = 5
N_NAMES: Final = 20
"""Unreadable files listed by name; the rest are counted."""


def in_words(found: Inspection) -> str:
    """The inspection as lines of text, `what  value`, problems last."""
    lines = [*_holds(found), *_values(found.channels, images=found.facts.kind == "images"), *_problems(found)]
    width = max(len(what) for what, _ in lines)
    return "\n".join(f"{what:<{width}}  {value}".rstrip() for what, value in lines)


def _holds(found: Inspection) -> Iterator[tuple[str, str]]:
    facts, info = found.facts, found.info
    yield "source", facts.source
    counts = ", ".join(f"{count:,} {split}" for split, count in facts.counts.items())
    held_out = "" if facts.hold_out is None else f" (no test split: {facts.hold_out:.0%} held out)"
    yield facts.kind, counts + held_out
    if info.sizes:
        yield "sizes", _listed({f"{height}x{width}": n for (height, width), n in info.sizes.items()})
        yield "modes", _listed(info.modes)
    if facts.classes:
        yield "labels", f"{len(facts.classes)}: {_some(facts.classes)}"
    yield "network sees", describe(facts.shape) + _how(found)
    yield from (("not used", f"{count:,} {what}") for what, count in facts.left_out.items())


def _how(found: Inspection) -> str:
    facts = found.facts
    unchanged = found.info.final == found.info.shape and not found.chosen
    if facts.transform is None or (unchanged and facts.transform.crop is None):
        return ""
    cut = "" if facts.transform.crop is None else f"crop: {facts.transform.crop}, "
    chosen = f"; sizes differ, choose one with --prepare.size {facts.shape[1]}" if found.chosen else ""
    return f" ({cut}fit: {facts.transform.fit}{chosen})"


def _values(channels: tuple[Channel, ...], *, images: bool) -> Iterator[tuple[str, str]]:
    names = {1: ("grey",), 3: ("red", "green", "blue")}[len(channels)] if images else ()
    for i, channel in enumerate(channels):
        yield (
            names[i] if names else f"x{i + 1}",
            f"{channel.low:.4g} to {channel.high:.4g}, mean {channel.mean:.4f}, "
            f"deviation {channel.deviation:.4f}",
        )


def _problems(found: Inspection) -> Iterator[tuple[str, str]]:
    facts = found.facts
    leaked = f", {found.leaked:,} of them in train and test" if found.leaked else ""
    yield "duplicates", f"{found.duplicates:,}{leaked}"
    if facts.kind == "images":
        yield "single colour", f"{facts.constant:,}"
        yield "unreadable", f"{len(facts.unreadable):,}"
    yield from (("", f"{unread.name}: {unread.why}") for unread in facts.unreadable[:N_NAMES])
    if len(facts.unreadable) > N_NAMES:
        yield "", f"... and {len(facts.unreadable) - N_NAMES:,} more (all are in the manifest)"


def _listed(counts: Mapping[str, int]) -> str:
    """The commonest entries with their counts.

    >>> _listed({"L": 3, "RGB": 1})
    'L (3), RGB (1)'
    """
    shown = ", ".join(f"{what} ({count:,})" for what, count in list(counts.items())[:N_SIZES])
    return shown + (f", and {len(counts) - N_SIZES:,} others" if len(counts) > N_SIZES else "")


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:N_SIZES]) + (", ..." if len(names) > N_SIZES else "")
