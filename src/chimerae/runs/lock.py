"""The lock of a run folder: one process trains there at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from chimerae.errors import InputError
from chimerae.run_folder.schema import LOCK, refuse_links


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from training in `folder`; the lock ends with this process, however it ends.

    Nothing is written to the lock file. A link in its place, or in that of another part of the run, is
    refused.

    Raises:
        InputError: another process holds it, the file cannot be opened, or a part is a link.
    """
    refuse_links(folder)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise InputError(f"another process is training in {folder}; wait for it, or stop it") from None
    except OSError as error:
        raise _cannot_lock(folder, error) from None
    try:
        yield
    finally:
        lock.release()


def _cannot_lock(folder: Path, error: OSError) -> InputError:
    if (folder / LOCK).is_symlink():
        return InputError(f"{folder / LOCK} is a link, which is not followed; remove it")
    return InputError(f"cannot write {folder}: {error.strerror}; choose another --out")
