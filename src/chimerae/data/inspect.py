"""Everything worth knowing about a source before training, and a picture of what the network will see."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor

from chimerae import pictures
from chimerae.data.convert import common_side
from chimerae.data.find import find
from chimerae.data.manifest import Manifest
from chimerae.data.named import preset
from chimerae.data.overview import Look, overview
from chimerae.data.prepared import Prepared, prepare
from chimerae.data.settings import SPLITS, Prepare
from chimerae.data.splits import Split
from chimerae.progress import Progress, silent

N_SHOWN = 64
"""Images in the grid."""
N_POINTS = 2000
"""Points of each split in the scatter plot."""
_BLOCK = 1024
"""Samples that are read at a time."""


@dataclass(frozen=True)
class Channel:
    """One channel of all images, in [0, 1], or one coordinate of all points: of the training split."""

    low: float
    high: float
    mean: float
    deviation: float


@dataclass(frozen=True)
class Inspection:
    """What a source holds, and what became of it."""

    look: Look
    """Sizes and modes of the files as they are, every one of them."""
    facts: Manifest
    """The prepared arrays: counts, unreadable files, transform."""
    settings: Prepare
    chosen: bool
    """Sizes differ and none was set: the size of `settings` was chosen for this inspection."""
    channels: tuple[Channel, ...]
    duplicates: int
    """Samples that are exact copies of an earlier one, after preparation."""
    leaked: int
    """Test samples of which the training split holds an exact copy."""


def inspect(
    source: str,
    settings: Prepare | None = None,
    *,
    cache: Path | None = None,
    progress: Progress = silent,
) -> tuple[Inspection, Image | None]:
    """Inspect `source`, and draw what the network will see; points that are not in the plane are not drawn.

    Raises:
        InputError: as `prepare`; but where images differ in size and none is set, one is chosen.
    """
    settings = settings or preset(source)
    look = overview(source, find(source), settings, limit=None, progress=progress)
    chosen = look.final is None
    if chosen:
        settings = replace(settings, size=common_side(min(min(size) for size in look.cropped)))
    prepared = prepare(source, settings, cache=cache, progress=progress)
    duplicates, leaked = _copies(prepared)
    found = Inspection(
        look=look,
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
        return pictures.grid(prepared.train.take(_evenly(len(prepared.train), N_SHOWN)))
    if prepared.shape != (2,):
        return None
    splits = {"train": prepared.train, "test": prepared.test}
    sets = {name: split.take(_evenly(len(split), N_POINTS)) for name, split in splits.items()}
    limits = None if prepared.toy is None else (*prepared.toy.limits, *prepared.toy.limits)
    return pictures.scatter(sets, limits=limits)


def _evenly(n: int, wanted: int) -> Tensor:
    return torch.linspace(0, n - 1, min(n, wanted)).round().long()


def _blocks(split: Split) -> Iterator[Tensor]:
    for start in range(0, len(split), _BLOCK):
        yield split.raw(range(start, min(start + _BLOCK, len(split))))


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
    """How many samples repeat an earlier one, and how many test samples are in the training split too."""
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
