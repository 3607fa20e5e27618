"""Files that are either whole or absent."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from chimerae.errors import InputError


def cache_folder(given: Path | None = None) -> Path:
    """Folder of the cache: the argument, else `$CHIMERAE_CACHE`, else `~/.cache/chimerae`."""
    chosen = given or os.environ.get("CHIMERAE_CACHE") or Path("~/.cache/chimerae")
    return Path(chosen).expanduser()


KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def regular(path: Path) -> Path:
    """The path itself, if it leads to a plain file: opening a pipe or a device may wait forever.

    Raises:
        InputError: it leads to something else.
        OSError: there is nothing, or it cannot be looked at.
    """
    kind = stat.S_IFMT(path.stat().st_mode)
    if kind != stat.S_IFREG:
        raise InputError(f"'{path}' is {KINDS.get(kind, 'something else')}, and a plain file is wanted")
    return path


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically: at any time, the old file or the new one is there as a whole.

    Raises:
        InputError: the folder is not writable, the disk is full.
    """
    try:
        with whole_file(path) as file:
            file.write(content)
    except OSError as error:
        raise _cannot_write(path, error) from None


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A temporary file that becomes `path` when the block succeeds; folders are created.

    Raises:
        OSError: its place is not writable, the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder that becomes `path` (which is empty or missing) when the block succeeds.

    Raises:
        InputError: its place is not writable, the disk is full.
    """
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        yield work
        work.chmod(0o755)
        os.replace(work, path)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_text(path: Path, content: str) -> None:
    """`write_bytes` of UTF-8 text."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:
    """`write_bytes` of indented JSON; numbers that are not finite are errors."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path: Path, what: str) -> Any:
    """The content of the JSON file `path`, which holds `what`.

    Raises:
        InputError: it is missing or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}, which should hold {what}, is missing") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as {what}: {error}") from None


def _cannot_write(path: Path, error: OSError) -> InputError:
    return InputError(f"cannot write {path}: {error.strerror}; free some space or choose another --out")
