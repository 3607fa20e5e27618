"""Where named data sets lie: in a folder under the root, or on the hub."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from chimerae.data.choose import Wanted
from chimerae.data.entry import Named
from chimerae.data.folder import open_folder
from chimerae.data.sources import ImageSource, digest
from chimerae.errors import InputError

ROOT: Final = "CHIMERAE_DATA"
"""The environment variable that holds the root; the command line's `--root` sets it."""


def data_root() -> Path | None:
    """The folder in which named data sets are looked for; None when none is given.

    Raises:
        InputError: it is no folder.
    """
    given = os.environ.get(ROOT)
    if not given:
        return None
    root = Path(given).expanduser()
    if not root.is_dir():
        raise InputError(f"the root of the data, '{given}', is no folder; give another with --root or {ROOT}")
    return root


def local_copy(found: Named) -> Path | None:
    """The folder of a named data set under the root; None when there is none.

    Raises:
        InputError: the root is no folder.
    """
    root = data_root()
    folders = [] if root is None else [root / name for name in found.folders]
    return next((folder for folder in folders if folder.is_dir()), None)


def open_named(found: Named, revision: str | None) -> ImageSource:
    """A named data set: from its folder under the root, else from the hub; a `revision` is the hub's.

    Raises:
        InputError: it is in neither place, or lacks a split.
    """
    folder = local_copy(found) if revision is None else None
    opened = _from_hub(found, revision) if folder is None else _from_folder(found, folder)
    # Names differ in the splits they take of the same files: each has prepared arrays of its own.
    return replace(opened, identity=digest([opened.identity, sorted(found.splits.items())]))


def _from_folder(found: Named, folder: Path) -> ImageSource:
    inside = folder / (found.config or "")
    order = found.counts if found.in_order else None
    return open_directory(inside if inside.is_dir() else folder, found.splits, order)


def _from_hub(found: Named, revision: str | None) -> ImageSource:
    root = data_root() or Path("ROOT")
    sought = " or ".join(str(root / name) for name in found.folders)
    missing = f"'{found.name}': there is no folder {sought} (--root DIR or {ROOT} says where the root is)"
    if found.hub is None:
        raise InputError(f"{missing}, and the hub has no such set")
    from chimerae.data.hub import open_hub

    tried = found.hub if revision is None else f"{found.hub}@{revision}"
    return open_hub(
        found.hub,
        revision,
        missing=f"{missing}, and {tried} is not to be had from the hub",
        config=found.config,
        wanted=found.splits,
    )


def open_directory(
    path: Path, wanted: Wanted | None = None, order: Mapping[str, int] | None = None
) -> ImageSource:
    """A folder of parquet files, or of images where there are none; `wanted` and `order` as in `open_folder`.

    Raises:
        InputError: it holds neither, or a wanted split is missing.
    """
    tables = sorted(path.rglob("*.parquet"))
    if not tables:
        return open_folder(path, wanted, order)
    from chimerae.data.tables import open_parquet

    return open_parquet(path, tables, wanted)
