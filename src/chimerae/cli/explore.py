"""`chimerae explore RUN...`: a page in the browser on which codes are moved by hand."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from chimerae.cli import DONE
from chimerae.cli.parse import parse


@dataclass(frozen=True)
class Explore:
    """Open a page on which you move the codes of runs by hand. Ctrl-C ends it."""

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Run folders, or OWNER/NAME on the Hugging Face hub; up to 4 stand side by side."""
    port: int = 0
    """Port of the page on this machine; a free one when it is 0."""
    no_browser: bool = False
    """Print the address only."""
    device: str = "auto"
    """Device to compute on: auto, cpu, cuda, cuda:1, mps."""


def main(args: Sequence[str]) -> int:
    """Serve the page until Ctrl-C."""
    asked = parse(Explore, args, prog="chimerae explore")
    print("explore: opening runs and looking for directions", file=sys.stderr, flush=True)
    from chimerae.cli.console import display
    from chimerae.explore.site import explorer_of, site_of
    from chimerae.report.serve import serve

    with display() as show:
        explorer = explorer_of(asked.runs, asked.device, show.count)
    serve("explore", site_of(explorer), asked.port, open_browser=not asked.no_browser)
    return DONE
