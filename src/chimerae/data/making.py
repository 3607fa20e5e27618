"""Fill a new cache entry from a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from chimerae.data.convert import ColourFound, Recipe, Tally, common_side, convert, counter
from chimerae.data.manifest import ArrayFile, Manifest, Transform
from chimerae.data.overview import overview, split_counts
from chimerae.data.settings import Prepare
from chimerae.data.sources import ImageSource, Part, Points, PointSource, digest
from chimerae.data.store import RowWriter, write_manifest
from chimerae.errors import InputError
from chimerae.progress import Progress


def make_images(name: str, source: ImageSource, settings: Prepare, work: Path, progress: Progress) -> None:
    """Decode, fit and write all images of `source` into the folder `work`, and the manifest last.

    Raises:
        InputError: sizes differ and none is set, too little is readable, or all is one colour.
    """
    recipe = _recipe(name, source, settings)
    try:
        tallies, files = _write(source.parts, recipe, work, progress)
    except ColourFound:
        recipe = replace(recipe, channels=3, guessed=False)
        tallies, files = _write(source.parts, recipe, work, progress)
    _check(name, tallies)
    files |= _write_labels(tallies, work)
    counts = split_counts({split: files[split].shape[0] for split in source.parts}, settings.hold_out, name)
    write_manifest(
        work,
        Manifest(
            source=name,
            kind="images",
            shape=(recipe.channels, recipe.height, recipe.width),
            counts=counts,
            hold_out=None if "test" in source.parts else settings.hold_out,
            transform=Transform(
                size=(recipe.height, recipe.width),
                fit=recipe.fit,
                channels=recipe.channels,
                crop=recipe.crop,
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


def _recipe(name: str, source: ImageSource, settings: Prepare) -> Recipe:
    seen = overview(name, source, settings)
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
    return Recipe(
        height=height,
        width=width,
        fit=settings.fit,
        channels=channels,
        native=settings.size is None,
        guessed=settings.channels == "auto" and channels == 1,
        crop=settings.crop,
    )


def _write(
    parts: Mapping[str, Part], recipe: Recipe, work: Path, progress: Progress
) -> tuple[dict[str, Tally], dict[str, ArrayFile]]:
    total = sum(part.count for part in parts.values())
    tallies, files, done = {}, {}, 0
    for split, part in parts.items():
        with RowWriter(work / split, "uint8") as writer:
            tallies[split] = convert(part, recipe, writer, counter(progress, done, total))
        files[split] = writer.facts
        done += part.count
    return tallies, files


def _write_labels(tallies: Mapping[str, Tally], work: Path) -> dict[str, ArrayFile]:
    """Labels of every split, if every image of every split has one."""
    if any(label < 0 for tally in tallies.values() for label in tally.labels):
        return {}
    files = {}
    for split, tally in tallies.items():
        with RowWriter(work / label_file(split), "int64") as writer:
            writer.add(np.array(tally.labels, dtype=np.int64))
        files[label_file(split)] = writer.facts
    return files


def label_file(split: str) -> str:
    """Name of the file with the labels of a split."""
    return f"{split}-labels"


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
