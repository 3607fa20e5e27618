"""A folder of images: nested, of mixed sizes and modes; class folders and split folders are understood."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from chimerae.data.sources import (
    ImageSource,
    Item,
    file_identity,
    in_utf8,
    indexed,
    open_picture,
)
from chimerae.data.split_names import TEST_NAMES, WantedSplits, choose_splits, names_in
from chimerae.errors import InputError

SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".jp2"}
)


def open_folder(
    root: Path, wanted: WantedSplits | None = None, order: Mapping[str, int] | None = None
) -> ImageSource:
    """The images below `root`.

    Args:
        root: the folder.
        wanted: the wanted splits; the usual ones when not given.
        order: files per split of a folder without split folders, in the order of their names; it is used only
            if it adds up to the number of files.

    Raises:
        InputError: there are none, or a wanted split is missing.
    """
    images, others = _walk(root)
    if not images:
        beside = f" ({', '.join(f'{count} {what}' for what, count in others.items())})" if others else ""
        raise InputError(
            f"'{root}' holds no images{beside}; wanted: {' '.join(sorted(SUFFIXES))} or .parquet"
        )
    parts, left_out = splits_of(root, images, wanted, order or {})
    classes, labels = classes_of(parts)
    return ImageSource(
        identity=file_identity(path for path, _ in images),
        parts={
            split: indexed(len(found), partial(_item, root, [path for path, _ in found], labels))
            for split, found in parts.items()
        },
        classes=classes,
        left_out=left_out | others,
    )


Found = Sequence[tuple[str, tuple[str, ...]]]
"""Files, each with the folders between its split (or the root) and itself. They are strings: of a million
files, paths alone take ten seconds.
"""


def _walk(root: Path) -> tuple[Found, dict[str, int]]:
    """Image files below `root` in order, and counts of everything else; hidden files are skipped."""
    images: list[tuple[str, tuple[str, ...]]] = []
    seen = {os.path.realpath(root)}
    beside = {"other files": 0, "folders without permission": 0}

    def refused(error: OSError) -> None:
        beside["folders without permission"] += 1

    for folder, below, names in os.walk(root, onerror=refused, followlinks=True):
        inside = tuple(in_utf8(part) for part in Path(folder).relative_to(root).parts)
        below[:] = sorted(name for name in below if not name.startswith(".") and _is_new(folder, name, seen))
        for name in sorted(name for name in names if not name.startswith(".")):
            if os.path.splitext(name)[1].lower() in SUFFIXES:
                images.append((os.path.join(folder, name), inside))
            else:
                beside["other files"] += 1
    return images, {what: count for what, count in beside.items() if count}


def _is_new(folder: str, name: str, seen: set[str]) -> bool:
    """False for a folder seen before, through links: this ends circles of links."""
    real = os.path.realpath(os.path.join(folder, name))
    if real in seen:
        return False
    seen.add(real)
    return True


def splits_of(
    root: Path, images: Found, wanted: WantedSplits | None, order: Mapping[str, int]
) -> tuple[dict[str, Found], dict[str, int]]:
    """Images by split, and counts of those in none; `root` is named in errors.

    If `train/` or a test folder is missing, or every wanted one, all are one split, unless `order` fits.
    """
    by_top: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for path, inside in images:
        by_top.setdefault(inside[0].lower() if inside else "", []).append((path, inside[1:]))
    if wanted is None:
        alone = "train" not in by_top or by_top.keys().isdisjoint(TEST_NAMES)
    else:
        alone = by_top.keys().isdisjoint(names_in(wanted))
    if alone and len(images) == sum(order.values()):
        by_top = _dealt(images, order)
    elif alone:
        return {"train": images}, {}
    chosen, left = choose_splits(list(by_top), wanted, str(root))
    left_out = {f"images in {top or root.name}": len(by_top[top]) for top in left}
    return {
        split: [found for top in tops for found in by_top[top]] for split, tops in chosen.items()
    }, left_out


def _dealt(images: Found, order: Mapping[str, int]) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    rest = iter(images)
    return {split: list(islice(rest, count)) for split, count in order.items()}


def classes_of(parts: Mapping[str, Found]) -> tuple[tuple[str, ...], Mapping[str, int]]:
    """Class names, and the class of every file: its first folder, if each has one and there are several."""
    folders = {path: inside[0] if inside else "" for found in parts.values() for path, inside in found}
    names = sorted(set(folders.values()))
    if len(names) < 2 or "" in names:
        return (), {}
    return tuple(names), {path: names.index(folder) for path, folder in folders.items()}


def _item(root: Path, paths: Sequence[str], labels: Mapping[str, int], i: int) -> Item:
    path = Path(paths[i])
    name = in_utf8(path.relative_to(root).as_posix())
    return Item(name, partial(open_picture, path), labels.get(paths[i]))
