"""Temporary files and folders: claimed by the process that fills them, removed once it was killed."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

ENDING: Final = ".chimerae"
"""Last part of the names of temporary files and folders."""
STALE_SECONDS: Final = 24 * 3600
LEFT: Final = re.compile(rf"\..+\.\w{{8}}{re.escape(ENDING)}")
"""Names of temporary files and folders: that of the target between a dot and a random word."""


@contextmanager
def temporary_file(target: Path) -> Iterator[tuple[int, Path]]:
    """Descriptor and path of a new file beside `target`; if it is still there after the block, it is removed.

    Files that killed processes left in the same folder are removed first.

    Raises:
        OSError: its place is not writable.
    """
    remove_left(target.parent)
    handle, path = _claimed_file(target)
    claim = None if fcntl is None else os.dup(handle)  # for longer than the file is written
    try:
        yield handle, path
    finally:
        path.unlink(missing_ok=True)
        if claim is not None:
            os.close(claim)


@contextmanager
def temporary_folder(target: Path) -> Iterator[Path]:
    """A new folder beside `target`; as `temporary_file`."""
    remove_left(target.parent)
    work, claim = _claimed_folder(target)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if claim is not None:
            os.close(claim)


def remove_left(folder: Path) -> None:
    """Remove temporary files and folders in `folder` whose process has ended.

    A process holds a lock on what it fills, and the system takes the lock away when the process ends, however
    it ends. Without such locks, as on Windows, what has not changed for a day is removed.
    """
    with suppress(OSError):
        for name in [entry.name for entry in os.scandir(folder) if LEFT.fullmatch(entry.name)]:
            _remove_if_left(folder / name)


def _remove_if_left(path: Path) -> None:
    with suppress(OSError):
        if fcntl is None:
            if time.time() - path.lstat().st_mtime > STALE_SECONDS:
                _remove(path)
            return
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(path)
        finally:
            os.close(handle)


def _remove(path: Path) -> None:
    kind = stat.S_IFMT(path.lstat().st_mode)
    if kind == stat.S_IFREG:
        path.unlink()
    elif kind == stat.S_IFDIR:
        shutil.rmtree(path, ignore_errors=True)


def _claimed_file(target: Path) -> tuple[int, Path]:
    while True:
        handle, name = tempfile.mkstemp(ENDING, _prefix(target), target.parent)
        _claim(handle)
        if fcntl is None or os.path.exists(name):  # else another process took it for one that was left
            return handle, Path(name)
        os.close(handle)


def _claimed_folder(target: Path) -> tuple[Path, int | None]:
    while True:
        work = Path(tempfile.mkdtemp(ENDING, _prefix(target), target.parent))
        if fcntl is None:
            return work, None
        with suppress(FileNotFoundError):
            handle = os.open(work, os.O_RDONLY)
            _claim(handle)
            if work.exists():
                return work, handle
            os.close(handle)


def claimed(folder: Path) -> int | None:
    """A handle that keeps `folder`, made if it is missing, from other processes until it is closed; None if
    one of them has it, or where the system has no such locks.

    Raises:
        OSError: its place is not writable.
    """
    if fcntl is None:
        return None
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_ino == folder.stat().st_ino:  # else it was put in place meanwhile
            return handle
    except OSError:
        pass
    os.close(handle)
    return None


def _prefix(target: Path) -> str:
    return f".{target.name[:50]}."


def _claim(handle: int) -> None:
    """Lock an open file or folder until it is closed or its process ends, where the file system has locks."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
