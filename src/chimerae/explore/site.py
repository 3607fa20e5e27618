"""The site of `chimerae explore`: its files, and the answers of an `Explorer`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from chimerae.errors import InputError
from chimerae.explore.explorer import Explorer, Json, Query, as_json
from chimerae.explore.subject import labels_of, opened
from chimerae.explore.uploads import MOST_BYTES
from chimerae.progress import Progress, silent
from chimerae.report.serve import Content, Site
from chimerae.report.template import CSS, rendered

MOST_RUNS: Final = 4
"""Runs on a page."""
FILES: Final[Mapping[str, str]] = {
    "page.css": "text/css",
    "main.js": "text/javascript",
    "ask.js": "text/javascript",
    "state.js": "text/javascript",
    "parts.js": "text/javascript",
    "sliders.js": "text/javascript",
    "walk.js": "text/javascript",
    "map.js": "text/javascript",
}
"""Files beside this one that browsers load, and their media types."""
POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Nothing is loaded from elsewhere, and no other page can frame this one."""


def explorer_of(paths: Sequence[Path], device: str = "auto", progress: Progress = silent) -> Explorer:
    """The explorer of run folders, or of models on the hub.

    Raises:
        InputError: there are none or too many, or one cannot be explored.
    """
    if not paths:
        raise InputError(f"no run is given: name 1 to {MOST_RUNS} run folders")
    if len(paths) > MOST_RUNS:
        raise InputError(f"{len(paths)} runs: give 1 to {MOST_RUNS}")
    if len({path.resolve() for path in paths}) < len(paths):
        raise InputError("a run is given twice; give each one once")
    labels = labels_of(paths)
    return Explorer([opened(p, label, device, progress) for p, label in zip(paths, labels, strict=True)])


def site_of(explorer: Explorer) -> Site:
    """Everything that the page's server answers."""
    here = Path(__file__).parent
    files = {f"/{name}": partial(_file, here / name, kind) for name, kind in FILES.items()}
    answers: dict[str, Callable[[Query], Content]] = {
        "/code": partial(_json, explorer.code),
        "/nearest": partial(_json, explorer.nearest),
        "/map": partial(_json, explorer.map),
        "/walk": partial(_json, explorer.walk),
        "/picture.png": lambda query: ("image/png", explorer.picture_file(query)),
        "/map.png": lambda query: ("image/png", explorer.map_file(query)),
        "/walk.gif": lambda query: ("image/gif", explorer.walk_file(query)),
    }
    pages: dict[str, Callable[[], Content]] = {
        "/": lambda: ("text/html", rendered("page.html", here)),
        **files,
        "/base.css": partial(_file, CSS, "text/css"),
        "/about": lambda: as_json(explorer.about()),
    }
    uploads = {"/take": lambda name, content: as_json(explorer.take(name, content))}
    return Site(pages, answers, uploads, MOST_BYTES, POLICY)


def _file(path: Path, kind: str) -> Content:
    return kind, path.read_text("utf-8")


def _json(answer: Callable[[Query], Json], query: Query) -> Content:
    return as_json(answer(query))
