"""Prepared arrays on disk: written row by row, checked, put in place at once, read as memory maps."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from chimerae.data.manifest import ArrayFile, Manifest
from chimerae.data.unfinished import sweep, unfinished_folder
from chimerae.errors import InputError
from chimerae.files import cache_folder as cache_folder
from chimerae.files import regular, size_of, whole_file
from chimerae.leftovers import temporary_folder

MANIFEST: Final = "manifest.json"
_PARTIAL: Final = ".partial-"
_STALE_SECONDS: Final = 24 * 3600
_BLOCK: Final = 2**20
_MANIFEST: Final = TypeAdapter(Manifest)


class RowWriter:
    """Appends rows of one shape and type to a file, with a running checksum."""

    def __init__(self, path: Path, dtype: str) -> None:
        self.path = path
        self.dtype = dtype
        self._file: IO[bytes] = path.open("wb")
        self._digest = hashlib.blake2b(digest_size=16)
        self._rows = 0
        self._shape: tuple[int, ...] = ()

    @classmethod
    def resumed(cls, path: Path, kept: ArrayFile) -> Self | None:
        """A writer behind the rows `kept` of a file, cut off after them; None if they are not in it."""
        file, digest, left = path.open("r+b"), hashlib.blake2b(digest_size=16), kept.n_bytes
        while data := file.read(min(left, _BLOCK)):
            digest.update(data)
            left -= len(data)
        if left or digest.hexdigest() != kept.checksum:
            file.close()
            return None
        file.seek(kept.n_bytes)
        file.truncate()
        writer = cls.__new__(cls)
        writer.path, writer.dtype, writer._file, writer._digest = path, kept.dtype, file, digest
        writer._rows, writer._shape = kept.shape[0], kept.shape[1:]
        return writer

    def settle(self) -> None:
        """Have the rows so far reach the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            self.settle()

    def add(self, rows: NDArray[np.generic]) -> None:
        """Append `rows` `[n, *shape]`."""
        data = np.ascontiguousarray(rows, dtype=self.dtype).tobytes()
        self._file.write(data)
        self._digest.update(data)
        self._rows += len(rows)
        self._shape = tuple(rows.shape[1:])

    @property
    def facts(self) -> ArrayFile:
        """Facts about the array as written so far."""
        return ArrayFile(
            dtype=self.dtype, shape=(self._rows, *self._shape), checksum=self._digest.hexdigest()
        )


@contextmanager
def new_entry(entry: Path) -> Iterator[Path]:
    """A folder that becomes `entry` when the block succeeds, and is deleted when it fails.

    It has what an interrupted block left in it (`unfinished_folder`).

    If several processes fill one entry at once, the first to finish wins; the others' work is discarded.

    Raises:
        InputError: the disk is full, or the cache cannot be written to.
    """
    with ExitStack() as kept:
        try:
            entry.parent.mkdir(parents=True, exist_ok=True)
            _sweep(entry.parent)
            sweep(entry.parent)
            work = kept.enter_context(unfinished_folder(entry))
        except OSError as error:
            raise _unwritable(entry.parent, error) from error
        try:
            yield work
            _sync(work)
            _put(work, entry)
            _sync(entry.parent)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
                raise _unwritable(entry.parent, error) from error
            raise


def _sync(folder: Path) -> None:
    """Have the names in a folder reach the disk, where the system opens folders: Windows does not."""
    with suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _put(work: Path, entry: Path) -> None:
    for _ in range(3):
        try:
            work.rename(entry)
            return
        except OSError:
            there = read_manifest(entry)
            if there is not None and not damaged(entry, there):
                return
        with temporary_folder(entry) as old, suppress(FileNotFoundError):
            entry.rename(old / entry.name)
    raise OSError(errno.EEXIST, "others keep writing to it", str(entry))


def _sweep(cache: Path) -> None:
    """Remove stale folders of killed processes of versions before 2026-11-29."""
    for left in cache.glob(f"{_PARTIAL}*"):
        with suppress(FileNotFoundError):  # another process may sweep too
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def _unwritable(folder: Path, error: OSError) -> InputError:
    return InputError(
        f"cannot write prepared data to '{folder}': {error.strerror}; "
        f"make room, or set CHIMERAE_CACHE to another folder"
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, last of all files of an entry."""
    with whole_file(folder / MANIFEST) as file:
        file.write(json.dumps(manifest_json(manifest), indent=1, ensure_ascii=False).encode())


def manifest_json(manifest: Manifest) -> dict[str, object]:
    """The manifest as plain lists, numbers and strings."""
    found: dict[str, object] = _MANIFEST.dump_python(manifest, mode="json")
    return found


def read_manifest(entry: Path) -> Manifest | None:
    """The manifest of an entry; None if it is missing or damaged, or an array has the wrong size."""
    try:
        manifest = _MANIFEST.validate_json(regular(entry / MANIFEST).read_bytes())
        if not manifest.is_sound:
            return None
        sizes = {name: size_of(entry / name) for name in manifest.files}
    except (OSError, InputError, ValidationError):
        return None
    return manifest if all(sizes[name] == facts.n_bytes for name, facts in manifest.files.items()) else None


def read_array(entry: Path, name: str, facts: ArrayFile) -> NDArray[np.generic]:
    """A memory map of an array, read-only."""
    return np.memmap(entry / name, dtype=facts.dtype, mode="r", shape=facts.shape)


def damaged(entry: Path, manifest: Manifest) -> list[str]:
    """Names of the array files whose contents differ from those written; reads everything."""
    return [name for name, facts in manifest.files.items() if checksum(entry / name) != facts.checksum]


def checksum(path: Path) -> str:
    """BLAKE2b of the contents of a file, as manifests hold it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, partial(hashlib.blake2b, digest_size=16)).hexdigest()
