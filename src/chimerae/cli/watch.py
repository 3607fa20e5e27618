"""`chimerae watch [RUN...]`: a page in the browser about runs that learn now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from chimerae.cli import DONE
from chimerae.cli.parse import parse
from chimerae.errors import InputError

if TYPE_CHECKING:
    from chimerae.report.serve import Content


@dataclass(frozen=True)
class Watch:
    """Open a page about runs while they learn. Ctrl-C ends it."""

    runs: tyro.conf.Positional[tuple[Path, ...]] = (Path("runs"),)
    """Run folders, or folders that hold some."""
    port: int = 0
    """Port of the page on this machine; a free one when it is 0."""
    every: float = 5.0
    """Seconds between two looks."""
    no_browser: bool = False
    """Print the address only."""


def main(args: Sequence[str]) -> int:
    """Serve the page until Ctrl-C."""
    asked = parse(Watch, args, prog="chimerae watch")
    if not asked.every > 0:
        raise InputError(f"--every {asked.every:g}: give seconds above 0")
    from chimerae.report.live import live_page
    from chimerae.report.serve import serve
    from chimerae.report.watched import run_folders, state_of

    run_folders(asked.runs)
    pages: dict[str, Callable[[], Content]] = {
        "/": lambda: ("text/html", live_page(run_folders(asked.runs), asked.every)),
        "/state": lambda: ("text/plain", state_of(run_folders(asked.runs))),
    }
    serve("watch", pages, asked.port, open_browser=not asked.no_browser)
    return DONE
