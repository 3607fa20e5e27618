"""The lock of a run folder: one process trains there at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chimerae.errors import InputError
from chimerae.run_folder.schema import LOCK


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from training in `folder`; the lock ends with this process, however it ends.

    Raises:
        InputError: another process holds it.
    """
    try:
        file = (folder / LOCK).open("w")
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror}; choose another --out") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"another process is training in {folder}; wait for it, or stop it") from None
        yield
