"""Fill a new cache entry from a source: its items become rows of an array, in bounded memory."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from chimerae.data.info import info_of, split_counts
from chimerae.data.manifest import ArrayFile, Manifest, Transform, Unread, label_file
from chimerae.data.pixels import GREY_MODES, Bytes, Unreadable, crop_box, decoded, fitted, flatten, to_array
from chimerae.data.settings import Crop, Fit, Prepare
from chimerae.data.sources import ImageSource, Item, Part, Points, PointSource, digest
from chimerae.data.store import RowWriter, write_manifest
from chimerae.errors import InputError
from chimerae.progress import Progress


def make_images(name: str, source: ImageSource, settings: Prepare, work: Path, progress: Progress) -> None:
    """Decode, fit and write all images of `source` into the folder `work`, and the manifest last.

    Raises:
        InputError: sizes differ and none is set, too little is readable, or all is one colour.
    """
    transform = _transform(name, source, settings)
    try:
        tallies, files = _write(source.parts, transform, work, progress)
    except ColourFound:
        transform = replace(transform, channels=3, guessed=False)
        tallies, files = _write(source.parts, transform, work, progress)
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
    seen = info_of(name, source, settings)
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


def _write(
    parts: Mapping[str, Part], transform: ImageTransform, work: Path, progress: Progress
) -> tuple[dict[str, Tally], dict[str, ArrayFile]]:
    total = sum(part.count for part in parts.values())
    tallies, files, done = {}, {}, 0
    for split, part in parts.items():
        with RowWriter(work / split, "uint8") as writer:
            tallies[split] = convert(part, transform, writer, counter(progress, done, total))
        files[split] = writer.facts
        done += part.count
    return tallies, files


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


_CHUNK: Final = 128
"""Items in work at a time, at most."""
_CHUNK_BYTES: Final = 2**27
"""Bytes that they make, at most, which bounds the memory."""
_MOST_FINAL: Final = 2**24
"""Pixels of a prepared image, at most."""
_MOST_LABEL: Final = 2**20
"""Larger numbers are no labels: a classifier has an output for each."""
_DRAFT: Final = 3
"""A JPEG is decoded at no less than this multiple of its final size, which saves most of the time."""


class ColourFound(Exception):
    """An image has colour where the first look promised grey ones only."""


@dataclass(frozen=True)
class ImageTransform:
    """The transform that every image passes."""

    height: int
    width: int
    fit: Fit
    channels: int
    native: bool
    """True: no size was set, so every image must have this one."""
    guessed: bool
    """True: grey was guessed, so the first image with colour raises `ColourFound`."""
    crop: Crop | None = None
    """The part that is cut out first."""

    def __call__(self, item: Item) -> Bytes | Unread:
        """The image as `[C, H, W]`, or the reason that it cannot be read.

        Raises:
            InputError: it differs in size from the others, and no size was set; or the crop is larger than
                it.
        """
        whole = self.native or self.crop is not None
        try:
            with decoded(item, at_least=None if whole else _DRAFT * max(self.height, self.width)) as image:
                return self._made(self._cut(image, item.name), item.name)
        except Unreadable as error:
            return Unread(name=item.name, why=str(error))

    def _made(self, image: Image, name: str) -> Bytes:
        if self.native and image.size != (self.width, self.height):
            raise InputError(
                f"images differ in size: '{name}' is {image.height}x{image.width}, "
                f"others {self.height}x{self.width}; choose one for all, such as "
                f"--prepare.size {common_side(min(image.size))}"
            )
        if self.guessed and image.mode not in GREY_MODES:
            raise ColourFound(name)
        return to_array(fitted(flatten(image, self.channels), self.height, self.width, self.fit))

    def _cut(self, image: Image, name: str) -> Image:
        if self.crop is None:
            return image
        left, top, wide, high = crop_box(self.crop, image.height, image.width, name)
        return image.crop((left, top, left + wide, top + high))


def common_side(pixels: int) -> int:
    """The largest power of two up to `pixels`, from 16 to 256: a size that networks take.

    >>> common_side(427), common_side(70), common_side(3)
    (256, 64, 16)
    """
    return max(16, min(256, 1 << (max(pixels, 1).bit_length() - 1)))


@dataclass
class Tally:
    """Results of a pass over a part."""

    labels: list[int] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    n_constant: int = 0
    low: NDArray[np.uint8] | None = None
    """Smallest value of every channel over all images, `[C]`."""
    high: NDArray[np.uint8] | None = None

    def add(self, rows: Bytes) -> None:
        """Count images `[n, C, H, W]`."""
        low, high = rows.min((2, 3)), rows.max((2, 3))
        self.n_constant += int((low == high).all(1).sum())
        self.low = low.min(0) if self.low is None else np.minimum(self.low, low.min(0))
        self.high = high.max(0) if self.high is None else np.maximum(self.high, high.max(0))

    @property
    def single_colour(self) -> bool:
        """True when all images are the same single colour."""
        return self.low is not None and self.high is not None and bool((self.low == self.high).all())


def convert(part: Part, transform: ImageTransform, writer: RowWriter, report: Callable[[int], None]) -> Tally:
    """Write every readable image of `part`, in order; `report` is called with the number of items done."""
    tally = Tally()
    done = 0
    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore")  # pillow's warnings of large images and odd metadata are no news here
        for chunk in chunks(part.read(None), transform):
            rows: list[Bytes] = []
            for item, found in zip(chunk, pool.map(transform, chunk), strict=True):
                if isinstance(found, Unread):
                    tally.unread.append(found)
                else:
                    rows.append(found)
                    tally.labels.append(_known(item.label))
            if rows:
                stacked = np.stack(rows)
                tally.add(stacked)
                writer.add(stacked)
            done += len(chunk)
            report(done)
    return tally


def counter(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    """Report on one part out of several: `before` items came earlier."""
    return lambda done: progress(before + done, total, "images")


def _known(label: int | None) -> int:
    return -1 if label is None or label > _MOST_LABEL else label


def chunks(items: Iterable[Item], transform: ImageTransform) -> Iterator[list[Item]]:
    """The items, as many at a time as there is memory for what `transform` makes of them."""
    each = transform.channels * transform.height * transform.width
    n = max(1, min(_CHUNK, _CHUNK_BYTES // each))
    walk = iter(items)
    while chunk := list(islice(walk, n)):
        yield chunk
