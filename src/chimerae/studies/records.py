"""Records of finished cells, small enough to be committed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from chimerae.files import write_bytes, write_text
from chimerae.pictures import compact, reduced
from chimerae.report.images import open_picture
from chimerae.report.read import read_run
from chimerae.report.records import without_paths
from chimerae.run_folder.log import shortened
from chimerae.run_folder.schema import ENV, LOG, MANIFEST, PICTURES, RUN, SCORES
from chimerae.studies.cells import Cell

MOST_LINES = 24
"""Evenly chosen lines of the log that a record keeps."""
MOST_BYTES = 40_000
"""Largest picture of a record."""
FORMS = ("png", "webp")
"""Formats of pictures."""


def slim(cell: Cell, folder: Path, *, pictures: Sequence[str] = ()) -> None:
    """Copy the records of a finished cell into `folder`: settings, scores, a short log, and small forms of
    its `pictures`, which are named by their kind.

    Such a folder has no weights, but counts as finished, so that a study can continue from records. Absolute
    paths are cut to their last part.
    """
    for name in (RUN, ENV, MANIFEST, SCORES):
        record = json.loads((cell.folder / name).read_text("utf-8"))
        write_text(folder / name, without_paths(json.dumps(record, indent=1, ensure_ascii=False)) + "\n")
    write_text(folder / LOG, shortened(cell.folder / LOG, MOST_LINES))
    found = read_run(cell.folder).pictures
    for kind in (kind for kind in pictures if kind in found):
        put(folder / PICTURES, kind, *_small(found[kind]))


def put(folder: Path, kind: str, content: bytes, form: str) -> str:
    """Write a picture in place of any that is there in another format, and return its file's name."""
    write_bytes(folder / f"{kind}.{form}", content)
    for other in FORMS:
        if other != form:
            (folder / f"{kind}.{other}").unlink(missing_ok=True)
    return f"{kind}.{form}"


def _small(path: Path) -> tuple[bytes, str]:
    """A picture and its format for a record; one that is small, or from a record, stays as it is."""
    if path.suffix == ".webp" or path.stat().st_size <= MOST_BYTES:
        return path.read_bytes(), path.suffix.removeprefix(".")
    return compact(partial(reduced, open_picture(path)), MOST_BYTES)
