"""Fill a new cache entry from a source: its items become rows of an array, in bounded memory."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import PIL
import torch

from chimerae.data.convert import convert, makers
from chimerae.data.info import info_of_open, split_counts
from chimerae.data.journal import Journal, Tally, is_about
from chimerae.data.manifest import ArrayFile, Manifest, Transform, label_file
from chimerae.data.settings import Prepare
from chimerae.data.sources import ImageSource, Part, Points, PointSource, digest
from chimerae.data.store import RowWriter, write_manifest
from chimerae.data.transform import ColourFound, ImageTransform, common_side
from chimerae.errors import InputError
from chimerae.progress import Progress

_MOST_FINAL: Final = 2**24
"""Pixels of a prepared image, at most."""
FEW: Final = 4_000
"""Images below which this process prepares alone: others need a second to start."""


def make_images(
    name: str,
    source: ImageSource,
    settings: Prepare,
    work: Path,
    progress: Progress,
    processes: int | None = None,
) -> None:
    """Decode, fit and write all images of `source` into the folder `work`, and the manifest last.

    The folder may hold a part of this work. `processes`: that many, or as many as seem right.

    Raises:
        InputError: sizes differ and none is set, too little is readable, or all is one colour.
    """
    transform = _transform(name, source, settings)
    coloured = replace(transform, channels=3, guessed=False)
    if transform.guessed and is_about(work, _about(coloured)):
        transform = coloured
    n = processes or _processes(source)
    try:
        tallies, files = _write(source.parts, transform, work, progress, n)
    except ColourFound:
        transform = coloured
        tallies, files = _write(source.parts, transform, work, progress, n)
    _check(name, tallies)
    files |= _write_labels(tallies, work)
    counts = split_counts({split: files[split].shape[0] for split in source.parts}, settings.hold_out, name)
    write_manifest(
        work,
        Manifest(
            source=name,
            kind="images",
            shape=(transform.channels, transform.height, transform.width),
            counts=counts,
            hold_out=None if "test" in source.parts else settings.hold_out,
            transform=Transform(
                size=(transform.height, transform.width),
                fit=transform.fit,
                channels=transform.channels,
                crop=transform.crop,
            ),
            checksum=digest(facts.checksum for facts in files.values()),
            files=files,
            unreadable=[unread for tally in tallies.values() for unread in tally.unread],
            constant=sum(tally.n_constant for tally in tallies.values()),
            classes=source.classes,
            left_out=dict(source.left_out),
            hub=source.hub,
            revision=source.revision,
        ),
    )


def make_points(name: str, source: PointSource, settings: Prepare, work: Path) -> None:
    """Write the points of `source` into the folder `work`, and the manifest last."""
    found = source.load()
    files = {split: _write_points(points, work / split) for split, points in found.items()}
    counts = split_counts({split: len(points) for split, points in found.items()}, settings.hold_out, name)
    write_manifest(
        work,
        Manifest(
            source=name,
            kind="points",
            shape=(source.dimension,),
            counts=counts,
            hold_out=None if "test" in found else settings.hold_out,
            transform=None,
            checksum=digest(facts.checksum for facts in files.values()),
            files=files,
            unreadable=[],
        ),
    )


def _transform(name: str, source: ImageSource, settings: Prepare) -> ImageTransform:
    seen = info_of_open(name, source, settings)
    if seen.final is None:
        sizes = list(seen.cropped)
        shown = ", ".join(f"{height}x{width}" for height, width in sizes[:3]) + (
            ", ..." if len(sizes) > 3 else ""
        )
        side = common_side(min(min(size) for size in sizes))
        raise InputError(
            f"images of '{name}' differ in size ({shown}); choose one for all, such as --prepare.size {side}"
        )
    channels, height, width = seen.final
    if height * width > _MOST_FINAL:
        raise InputError(
            f"images of '{name}' would be {height}x{width}, too large to learn from; choose a smaller "
            f"size, such as --prepare.size {common_side(min(height, width))}"
        )
    return ImageTransform(
        height=height,
        width=width,
        fit=settings.fit,
        channels=channels,
        native=settings.size is None,
        guessed=settings.channels == "auto" and channels == 1,
        crop=settings.crop,
    )


def _processes(source: ImageSource) -> int:
    """As many as PyTorch has threads; one where images are few, or this process may start no others."""
    few = sum(part.count for part in source.parts.values()) < FEW
    return 1 if few or multiprocessing.current_process().daemon else torch.get_num_threads()


def _about(transform: ImageTransform) -> str:
    return f"{transform}, pillow {PIL.__version__}"


def _write(
    parts: Mapping[str, Part], transform: ImageTransform, work: Path, progress: Progress, processes: int
) -> tuple[dict[str, Tally], dict[str, ArrayFile]]:
    total = sum(part.count for part in parts.values())
    tallies, files, done = {}, {}, 0
    journal = Journal(work, _about(transform))
    with makers(processes) as make:
        for split, part in parts.items():
            report = counter(progress, done, total)
            tallies[split], files[split] = convert(part, transform, work / split, journal, make, report)
            done += part.count
    journal.close()
    return tallies, files


def counter(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    """Report on one part out of several: `before` items came earlier."""
    return lambda done: progress(before + done, total, "images")


def _write_labels(tallies: Mapping[str, Tally], work: Path) -> dict[str, ArrayFile]:
    """Write the labels of every split, if every image of every split has one."""
    if any(label < 0 for tally in tallies.values() for label in tally.labels):
        return {}
    files = {}
    for split, tally in tallies.items():
        with RowWriter(work / label_file(split), "int64") as writer:
            writer.add(np.array(tally.labels, dtype=np.int64))
        files[label_file(split)] = writer.facts
    return files


def _write_points(points: Points, path: Path) -> ArrayFile:
    with RowWriter(path, "float32") as writer:
        writer.add(points)
    return writer.facts


def _check(name: str, tallies: Mapping[str, Tally]) -> None:
    for split, tally in tallies.items():
        if not tally.labels:
            first = tally.unread[0]
            raise InputError(
                f"none of the {len(tally.unread)} images of '{name}' ({split}) can be read; "
                f"the first, '{first.name}': {first.why}"
            )
    if all(tally.single_colour for tally in tallies.values()):
        raise InputError(
            f"all images of '{name}' are the same single colour: there is nothing to learn from them"
        )
