"""Opens the source that `--data` names: a name of ours, a path, or an id of the hub."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from chimerae.data.archives import open_zip
from chimerae.data.builtin import BUILTIN
from chimerae.data.image_folder import SUFFIXES, open_folder
from chimerae.data.memory import PREFIX, recalled
from chimerae.data.named_datasets import NAMED_DATASETS, NamedDataset, named_dataset
from chimerae.data.opened import once
from chimerae.data.shards import SUFFIX as SHARD
from chimerae.data.shards import expanded, open_shards
from chimerae.data.sources import ImageSource, PointSource, digest, in_utf8
from chimerae.data.split_names import WantedSplits
from chimerae.data.toys import TOYS, Toy
from chimerae.errors import InputError, unknown
from chimerae.extras import require
from chimerae.files import regular

_OWN: Final = (
    ("FOLDER", "a folder of images, nested, of any sizes and modes; with train/ and test/ if you like"),
    ("FILE.zip", "a zip archive of such a folder"),
    ("FILE.tar", "shards of webdataset: one, a folder of them, or a pattern such as set-{000..012}.tar"),
    ("FILE.npy, .npz", "images [N, H, W], [N, H, W, C] or [N, C, H, W], or float points [N, d]"),
    ("FILE.parquet", "or a folder of such files: pictures in the hub's schema"),
    ("OWNER/NAME", "a data set of the Hugging Face hub; OWNER/NAME@REVISION for one state of it"),
)

Source = ImageSource | PointSource | Toy

_HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w./-]+)?")
FILES: Final = SUFFIXES | {".npy", ".npz", ".parquet", ".zip", ".tar"}
N_SHOWN: Final = 300
"""Characters of a path that cannot be read that are told."""
_POSSIBLE: Final = (
    "possible: a folder of images, .zip, .tar, .npy, .npz, .parquet or a folder of these, or owner/name on "
    "the hub"
)


def source_abouts() -> tuple[tuple[str, str], ...]:
    """All values of `--data` with their descriptions; capitals stand for something of your own.

    >>> [name for name, _ in source_abouts()][:3]
    ['digits', 'patches', 'step-edges']
    """
    toys = ((toy.name, f"toy points: {toy.about}") for toy in TOYS)
    sets = ((each.name, each.about) for each in NAMED_DATASETS)
    return (*((name, about) for name, (about, _) in BUILTIN.items()), *toys, *sets, *_OWN)


def open_source(source: str) -> Source:
    """Open `source`: a name, NAME@REVISION, a path, or a hub id `owner/name` or `owner/name@revision`.

    A name wins over a path of the same spelling (`./digits` is the folder), and a path over a hub id. In a
    block of `opened_once` a source that is open already is returned as it is.

    Raises:
        InputError: there is nothing of that name, or it holds nothing that can be used.
    """
    if source.startswith(PREFIX):
        return recalled(source)
    return once("source", source, lambda: _open(source))


def _open(source: str) -> Source:
    if not source:
        raise InputError(f"no data source is given; {_POSSIBLE}")
    if source in BUILTIN:
        return BUILTIN[source][1]()
    for toy in TOYS:
        if source == toy.name:
            return toy
    if (known := named_dataset(source)) is not None:
        return open_named(*known)
    path = path_of(source)
    if _is_there(path):
        return _open_path(path)
    if (shards := expanded(source)) is not None:
        return open_shards(path, shards)
    return _open_missing(source, path)


def path_of(source: str) -> Path:
    """The path that `source` spells.

    Raises:
        InputError: no path can be spelt so.
    """
    if "\0" in source:
        raise InputError(f"the name of the data, {source!a}, holds a NUL character, as no file's name does")
    if in_utf8(source) != source:
        raise InputError(f"the name of the data, {source!a}, is not UTF-8; rename it, or make a link to it")
    try:
        return Path(source).expanduser()
    except RuntimeError:
        raise InputError(f"'{source}': there is no such user; write the path in full") from None


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise InputError(f"'{str(path)[:N_SHOWN]}' cannot be read: {error.strerror}") from None


def is_here(source: str) -> bool:
    """True when `source` needs no hub: it comes with the package, is a path, or has a copy under the root."""
    own = source in BUILTIN or any(source == toy.name for toy in TOYS)
    if not own and (known := named_dataset(source)) is not None:
        return local_copy(known[0]) is not None
    return own or _is_there(path_of(source))


def _open_path(path: Path) -> Source:
    if not os.access(path, os.R_OK):
        raise InputError(f"'{path}' cannot be read: permission denied")
    suffix = path.suffix.lower()
    if path.is_dir():
        return open_directory(path)
    regular(path)
    if suffix in (".npy", ".npz"):
        from chimerae.data.npy import open_arrays

        return open_arrays(path)
    if suffix == ".parquet":
        return _open_parquet(path, [path])
    if suffix == ".zip":
        return open_zip(path)
    if suffix == SHARD:
        return open_shards(path, [path])
    if suffix in SUFFIXES:
        raise InputError(
            f"'{path}' is one image only; at least 2 are needed: give the folder that holds them"
        )
    raise InputError(f"'{path}' is not a data source; {_POSSIBLE}")


def _open_missing(source: str, path: Path) -> Source:
    on_hub = _HUB_ID.fullmatch(source) is not None and path.suffix.lower() not in FILES
    if on_hub and not path.parent.is_dir():
        missing = f"'{source}' is no file or folder here, and"
        require("hub", missing)
        from chimerae.data.hub import open_hub

        name, _, revision = source.partition("@")
        return open_hub(name, revision or None, missing=f"{missing} not to be had from the hub")
    if os.sep in source or path.suffix or source.startswith((".", "~")):
        raise InputError(f"there is no file or folder '{source}'; {_POSSIBLE}")
    names = [*BUILTIN, *(toy.name for toy in TOYS), *(each.name for each in NAMED_DATASETS)]
    raise unknown("data source", source, names)


ROOT: Final = "CHIMERAE_DATA"
"""The environment variable that holds the root; the command line's `--data-root` sets it."""


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
        raise InputError(
            f"the root of the data, '{given}', is no folder; give another with --data-root or {ROOT}"
        )
    return root


def local_copy(found: NamedDataset) -> Path | None:
    """The folder of a named data set under the root; None when there is none.

    Raises:
        InputError: the root is no folder.
    """
    root = data_root()
    folders = [] if root is None else [root / name for name in found.folders]
    return next((folder for folder in folders if folder.is_dir()), None)


def open_named(found: NamedDataset, revision: str | None) -> ImageSource:
    """A named data set: from its folder under the root, else from the hub; a `revision` is always the hub's.

    Raises:
        InputError: it is in neither place, or lacks a split.
    """
    folder = local_copy(found) if revision is None else None
    opened = _from_hub(found, revision) if folder is None else _from_folder(found, folder)
    # Names may take different splits of the same files: each has prepared arrays of its own.
    return replace(opened, identity=digest([opened.identity, sorted(found.splits.items())]))


def _from_folder(found: NamedDataset, folder: Path) -> ImageSource:
    inside = folder / (found.config or "")
    order = found.counts if found.in_order else None
    return open_directory(inside if inside.is_dir() else folder, found.splits, order)


def _from_hub(found: NamedDataset, revision: str | None) -> ImageSource:
    root = data_root() or Path("ROOT")
    sought = " or ".join(str(root / name) for name in found.folders)
    missing = f"'{found.name}': there is no folder {sought} (--data-root DIR or {ROOT} names the root)"
    if found.hub is None:
        raise InputError(f"{missing}, and the hub has no such set")
    require("hub", f"{missing}, and")
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
    path: Path, wanted: WantedSplits | None = None, order: Mapping[str, int] | None = None
) -> ImageSource:
    """A folder of parquet files, else of shards, else of images; `wanted` and `order` as in `open_folder`.

    Raises:
        InputError: it holds none of these, or a wanted split is missing.
    """
    if tables := sorted(path.rglob("*.parquet")):
        return _open_parquet(path, tables, wanted)
    if wanted is None and (shards := sorted(path.glob(f"*{SHARD}"))):
        return open_shards(path, shards)
    return open_folder(path, wanted, order)


def _open_parquet(path: Path, tables: Sequence[Path], wanted: WantedSplits | None = None) -> ImageSource:
    require("parquet")
    from chimerae.data.parquet import open_parquet

    return open_parquet(path, tables, wanted)
