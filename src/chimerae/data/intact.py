"""Checks that prepared arrays are what was written: small ones before they are used, large ones meanwhile."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import Final

from chimerae.data.manifest import ArrayFile, Manifest
from chimerae.data.store import checksum
from chimerae.errors import InputError

AT_ONCE: Final = 2**28
"""Bytes of an array that is read before it is used: less than a second. Larger ones are read meanwhile."""

Stamp = tuple[str, int, int, int]
"""Path, inode, size and time of change: a file that keeps them is not read again by this process."""
_INTACT: Final[set[Stamp]] = set()
_WATCHES: Final[dict[Stamp, Watch]] = {}


class Watch:
    """Compares a large array with its checksum in the background."""

    def __init__(self, path: Path, facts: ArrayFile) -> None:
        self._path = path
        self._facts = facts
        self._why = ""
        self.reads = True
        """False once the contents are compared."""

    def start(self) -> None:
        """Read the file in a thread that nobody waits for."""
        Thread(target=self._read, name=f"checksum of {self._path.name}", daemon=True).start()

    def check(self) -> None:
        """Do nothing while no damage is known.

        Raises:
            InputError: the array is damaged.
        """
        if self._why:
            raise InputError(
                f"prepared data are damaged: '{self._path}' {self._why}; delete the folder "
                f"'{self._path.parent}' and go on: the data are prepared again"
            )

    def _read(self) -> None:
        try:
            if checksum(self._path) != self._facts.checksum:
                self._why = "is not what was written"
        except OSError as error:
            self._why = f"cannot be read ({error.strerror})"
        self.reads = False


def spoilt(entry: Path, manifest: Manifest) -> list[str]:
    """Names of the small array files of an entry whose contents are not those that were written."""
    small = {name: facts for name, facts in manifest.files.items() if facts.n_bytes <= AT_ONCE}
    return [name for name, facts in small.items() if not _is_intact(entry / name, facts)]


def watch(path: Path, facts: ArrayFile) -> Watch | None:
    """The watch over an array that is too large to be read at once; None for others."""
    if facts.n_bytes <= AT_ONCE:
        return None
    stamp = _stamp(path)
    if stamp not in _WATCHES:
        _WATCHES[stamp] = Watch(path, facts)
        _WATCHES[stamp].start()
    return _WATCHES[stamp]


def _is_intact(path: Path, facts: ArrayFile) -> bool:
    try:
        stamp = _stamp(path)
        if stamp not in _INTACT and checksum(path) == facts.checksum:
            _INTACT.add(stamp)
    except OSError:  # another process may have removed the entry
        return False
    return stamp in _INTACT


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return str(path), status.st_ino, status.st_size, status.st_mtime_ns
