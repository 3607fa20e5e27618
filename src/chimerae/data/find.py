"""From what people write after `--data` to an opened source."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from chimerae.data.embedded import EMBEDDED
from chimerae.data.folder import SUFFIXES
from chimerae.data.locate import local_copy, open_directory, open_named
from chimerae.data.memory import PREFIX, recalled
from chimerae.data.named import NAMED, named
from chimerae.data.sources import ImageSource, PointSource
from chimerae.data.toys import TOYS, Toy
from chimerae.errors import InputError, unknown

_OWN: Final = (
    ("FOLDER", "a folder of images, nested, of any sizes and modes; with train/ and test/ if you like"),
    ("FILE.npy, .npz", "images [N, H, W], [N, H, W, C] or [N, C, H, W], or float points [N, d]"),
    ("FILE.parquet", "or a folder of such files: pictures in the hub's schema"),
    ("OWNER/NAME", "a data set of the Hugging Face hub; OWNER/NAME@REVISION for one state of it"),
)

Source = ImageSource | PointSource | Toy

_HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w./-]+)?")
FILES: Final = SUFFIXES | {".npy", ".npz", ".parquet"}
_POSSIBLE: Final = (
    "possible: a folder of images, .npy, .npz, .parquet or a folder of these, or owner/name on the hub"
)


def source_abouts() -> tuple[tuple[str, str], ...]:
    """What can be written after `--data`, each with what it is; capitals stand for something of your own.

    >>> [name for name, _ in source_abouts()][:3]
    ['digits', 'patches', 'step-edges']
    """
    toys = ((toy.name, f"toy points: {toy.about}") for toy in TOYS)
    sets = ((each.name, each.about) for each in NAMED)
    return (*((name, about) for name, (about, _) in EMBEDDED.items()), *toys, *sets, *_OWN)


def find(source: str) -> Source:
    """Open `source`: a name, NAME@REVISION, a path, or a hub id `owner/name` or `owner/name@revision`.

    A name wins over a path of the same spelling (`./digits` is the folder), and a path over a hub id.

    Raises:
        InputError: there is nothing of that name, or it holds nothing that can be used.
    """
    if not source:
        raise InputError(f"no data source is given; {_POSSIBLE}")
    if source in EMBEDDED:
        return EMBEDDED[source][1]()
    for toy in TOYS:
        if source == toy.name:
            return toy
    if (known := named(source)) is not None:
        return open_named(*known)
    if source.startswith(PREFIX):
        return recalled(source)
    path = Path(source).expanduser()
    if path.exists():
        return _open_path(path)
    return _open_missing(source, path)


def is_here(source: str) -> bool:
    """True when `source` needs no hub: it comes with the package, is a path, or has a copy under the root."""
    own = source in EMBEDDED or any(source == toy.name for toy in TOYS)
    if not own and (known := named(source)) is not None:
        return local_copy(known[0]) is not None
    return own or Path(source).expanduser().exists()


def _open_path(path: Path) -> Source:
    from chimerae.data.arrays import open_arrays
    from chimerae.data.tables import open_parquet

    if not os.access(path, os.R_OK):
        raise InputError(f"'{path}' cannot be read: permission denied")
    suffix = path.suffix.lower()
    if path.is_dir():
        return open_directory(path)
    if suffix in (".npy", ".npz"):
        return open_arrays(path)
    if suffix == ".parquet":
        return open_parquet(path, [path])
    if suffix in SUFFIXES:
        raise InputError(
            f"'{path}' is one image only; at least 2 are needed: give the folder that holds them"
        )
    raise InputError(f"'{path}' is not a data source; {_POSSIBLE}")


def _open_missing(source: str, path: Path) -> Source:
    on_hub = _HUB_ID.fullmatch(source) is not None and path.suffix.lower() not in FILES
    if on_hub and not path.parent.is_dir():
        from chimerae.data.hub import open_hub

        name, _, revision = source.partition("@")
        missing = f"'{source}' is no file or folder here, and not to be had from the hub"
        return open_hub(name, revision or None, missing=missing)
    if os.sep in source or path.suffix or source.startswith((".", "~")):
        raise InputError(f"there is no file or folder '{source}'; {_POSSIBLE}")
    names = [*EMBEDDED, *(toy.name for toy in TOYS), *(each.name for each in NAMED)]
    raise unknown("data source", source, names)
