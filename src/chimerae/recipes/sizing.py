"""Defaults that depend on the data: the architecture, and the size in which images are seen."""

from __future__ import annotations

from dataclasses import replace

from chimerae.data import Prepare, SourceInfo, source_info
from chimerae.errors import InputError
from chimerae.extensions import class_of
from chimerae.nets import Architecture
from chimerae.networks import BY_NAME, DCGAN, MLP
from chimerae.runs.run import Run
from chimerae.shapes import describe

COMMON_SIDE = 64
"""Side for photographs: images whose sizes differ, or are larger than `LARGEST_NATIVE`."""
LARGEST_NATIVE = 128
LARGEST_PADDING = 1.25
"""Images are padded to the nearest valid size when that makes no side longer than this factor."""


def default_arch(
    source: str, arch: str | Architecture | None = None, *, images: Architecture | None = None
) -> Architecture:
    """`arch`, the architecture of that name or reference, or by default the one for the kind of data in
    `source`; `images` is a recipe's.

    Raises:
        InputError: there is no such architecture or source.
    """
    if isinstance(arch, Architecture):
        return arch
    if arch is not None:
        return class_of("architecture", arch, Architecture, BY_NAME)()
    return MLP() if source_info(source).kind == "points" else images or DCGAN()


def sized(run: Run) -> tuple[Run, str]:
    """`run` with the size of its images settled, and a sentence for people when that changes the images.

    Raises:
        InputError: the networks cannot be built for these data.
    """
    prepare, why = settled(run.data, run.prepare, run.arch)
    return replace(run, prepare=prepare), why


def settled(source: str, prepare: Prepare, arch: Architecture) -> tuple[Prepare, str]:
    """`prepare` with the size in which `arch` sees the images of `source`, and a sentence as from `sized`.

    Raises:
        InputError: the networks cannot be built for these data.
    """
    seen = source_info(source, prepare)
    if seen.kind == "points" or prepare.size is not None:
        if seen.final is not None:
            arch.check(seen.final)
        return prepare, ""
    another = "choose another size with --prepare.size"
    if seen.final is None or min(seen.final[1:]) > LARGEST_NATIVE:
        side = _common_side(seen, arch)
        what = "images of different sizes" if seen.final is None else f"{describe(seen.final)} images"
        return replace(prepare, size=side), f"{what} are cropped and resized to {side}x{side}; {another}"
    _, height, width = seen.final
    nearest = arch.nearest(seen.final)
    if nearest == seen.final:
        return prepare, ""
    if max(nearest[1] / height, nearest[2] / width) > LARGEST_PADDING:
        arch.check(seen.final)
    padded = replace(prepare, size=(nearest[1], nearest[2]), fit="pad")
    return padded, f"{describe(seen.final)} images are padded to {describe(nearest)}; {another}"


def _common_side(seen: SourceInfo, arch: Architecture) -> int:
    """64, or the median of the images' shorter sides if that is less, rounded down to a valid side."""
    shorter = sorted(min(size) for size, count in seen.cropped.items() for _ in range(count))
    middle = shorter[len(shorter) // 2] if shorter else COMMON_SIDE
    for side in range(min(middle, COMMON_SIDE), 0, -1):
        if arch.nearest((1, side, side)) == (1, side, side):
            return side
    smallest = arch.nearest((1, 1, 1))
    raise InputError(
        f"the images of {seen.source} are too small: most have a side of {middle} pixels, "
        f"and the smallest {arch.name} network is for {smallest[1]}x{smallest[2]}; "
        f"enlarge them with --prepare.size {smallest[1]}"
    )
