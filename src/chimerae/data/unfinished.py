"""Folders of interrupted preparations: the next preparation of the same data finds its work there."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from chimerae.data.journal import is_worth_keeping
from chimerae.errors import InputError
from chimerae.leftovers import claimed, remove_left, temporary_folder

ENDING: Final = ".unfinished"
KEPT_SECONDS: Final = 7 * 24 * 3600
"""Seconds after which the work is removed by a preparation of other data."""


class Killed(InputError):
    """A process that helped was killed; the recorded work is good."""


@contextmanager
def unfinished_folder(entry: Path) -> Iterator[Path]:
    """A folder beside `entry` that outlives an interruption, if it holds recorded work by then; an error
    removes it. A temporary one if another process fills it, or where folders cannot be locked.

    Raises:
        OSError: its place is not writable.
    """
    work = entry.with_name(entry.name + ENDING)
    claim = claimed(work)
    if claim is None:
        with temporary_folder(entry) as work:
            yield work
        return
    remove_left(entry.parent)
    number = os.fstat(claim).st_ino
    keep = False
    try:
        yield work
    except BaseException as error:  # Ctrl-C is no `Exception`
        keep = isinstance(error, Killed) or not isinstance(error, Exception)
        keep = keep and is_worth_keeping(work)
        raise
    finally:
        with suppress(FileNotFoundError):
            if not keep and work.stat().st_ino == number:
                shutil.rmtree(work, ignore_errors=True)
        os.close(claim)


def sweep(cache: Path) -> None:
    """Remove work that nobody continued for a week."""
    for left in cache.glob(f"*{ENDING}"):
        with suppress(FileNotFoundError):
            newest = max(path.stat().st_mtime for path in (left, *left.iterdir()))
            if time.time() - newest > KEPT_SECONDS and (claim := claimed(left)) is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(claim)
