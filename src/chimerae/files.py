"""Files that are either whole or absent."""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from chimerae.errors import InputError
from chimerae.leftovers import temporary_file, temporary_folder

MOST_JSON: Final = 32_000_000
"""Bytes that a JSON file may have: parsed, it takes up to twenty times as many."""
DEEPEST: Final = 64
"""Levels of lists and objects that JSON may have: everything that walks through it has room to."""
_DEEP: Final = f"it is nested more than {DEEPEST} levels deep"


def cache_folder(given: Path | None = None) -> Path:
    """Folder of the cache: the argument, else `$CHIMERAE_CACHE`, else `~/.cache/chimerae`."""
    chosen = given or os.environ.get("CHIMERAE_CACHE") or Path("~/.cache/chimerae")
    return Path(chosen).expanduser()


def slug(name: str) -> str:
    """A name as part of a file's name: small letters, digits, points and hyphens.

    >>> slug("MNIST, AVAE L^a")
    'mnist-avae-l-a'
    """
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")


KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def regular(path: Path) -> Path:
    """The path itself, if it leads to a file: opening a pipe or a device may wait forever.

    Raises:
        InputError: it leads to something else, or no file can have its name.
        OSError: it is missing, or out of reach.
    """
    size_of(path)
    return path


def size_of(path: Path) -> int:
    """Bytes of the file at `path`; raises as `regular` does."""
    try:
        facts = path.stat()
    except ValueError as error:
        raise InputError(f"{path} cannot be the name of a file: {error}") from None
    kind = stat.S_IFMT(facts.st_mode)
    if kind != stat.S_IFREG:
        what = KINDS.get(kind, "something else")
        raise InputError(f"{path} cannot be read: it is {what} in place of a file; move it away")
    return facts.st_size


def write_bytes(path: Path, content: bytes, check: Callable[[Path], object] | None = None) -> None:
    """Write `content` to `path` atomically: at any time, the old file or the new one is there as a whole.

    `check` gets the path of the written file before it takes its place; if it raises, the file is removed.

    Raises:
        InputError: the folder is not writable, the disk is full.
    """
    try:
        with whole_file(path, check) as file:
            file.write(content)
    except OSError as error:
        raise _cannot_replace(path, error) from None


def replace(source: Path, target: Path) -> None:
    """Put the file `source` in the place of `target`.

    Raises:
        InputError: the folder is not writable, or `source` is gone.
    """
    try:
        os.replace(source, target)
    except OSError as error:
        raise _cannot_replace(target, error) from None


@contextmanager
def whole_file(path: Path, check: Callable[[Path], object] | None = None) -> Iterator[BinaryIO]:
    """A temporary file that becomes `path` when the block and `check` of it succeed; folders are created.

    Raises:
        OSError: its place is not writable, the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_file(path) as (handle, temporary):
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if check is not None:
            check(temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder that becomes `path` (which is empty or missing) when the block succeeds.

    Raises:
        InputError: its place is not writable, the disk is full.
    """
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(path) as work:
            yield work
            work.chmod(0o755)
            if path.is_dir():
                path.rmdir()  # Windows replaces no folder
            os.replace(work, path)
    except OSError as error:
        raise _cannot_write(path, error) from None


def write_text(path: Path, content: str) -> None:
    """`write_bytes` of UTF-8 text; halves of characters, as names of files may have, are escaped."""
    write_bytes(path, content.encode(errors="backslashreplace"))


def write_json(path: Path, content: Any) -> None:
    """`write_bytes` of indented JSON; numbers that are not finite are errors."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """The content of a file, of at most `most` bytes.

    Raises:
        InputError: it is no `regular` file, or a larger one.
        OSError: it cannot be read.
    """
    size = size_of(path)
    if most is not None and size > most:
        raise InputError(f"{path} has {size:,} bytes, and at most {most:,} are read; move it away")
    return path.read_bytes()


def parsed_json(text: str | bytes, *, finite: bool = False) -> Any:
    """The value of a JSON text, with `finite` without NaN and infinity.

    Raises:
        ValueError: it is none, or nested deeper than `DEEPEST`.
    """
    try:
        value = json.loads(text, parse_float=_number, parse_constant=_number) if finite else json.loads(text)
    except RecursionError:
        raise ValueError(_DEEP) from None
    if _is_deep(value):
        raise ValueError(_DEEP)
    return value


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no finite number")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def read_json(path: Path, what: str) -> Any:
    """The content of the JSON file `path`, which holds `what`.

    Raises:
        InputError: it is missing, too large, not JSON, or has numbers that are not finite.
    """
    try:
        return parsed_json(read_bytes(path, MOST_JSON), finite=True)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}, which should hold {what}, is missing") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as {what}: {error}") from None


def _cannot_write(path: Path, error: OSError) -> InputError:
    return InputError(f"cannot write {path}: {error.strerror}; free some space or choose another --out")


def _cannot_replace(path: Path, error: OSError) -> InputError:
    if path.is_dir():
        return InputError(f"cannot write {path}: a folder stands in its place; move it away")
    return _cannot_write(path, error)
