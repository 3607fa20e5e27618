"""`chimerae report RUN... --out FILE`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from chimerae.cli import DONE
from chimerae.cli.parse import parse


@dataclass(frozen=True)
class Report:
    """Write one self-contained page about runs, from their folders alone."""

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Run folders; several stand side by side. Also models alone: folders, or OWNER/NAME on the hub."""
    out: Path | None = None
    """File for the page; when not given, RUN/report.html for one folder, else report.html here. A name that
    ends in .md makes a Markdown page to be committed, with small pictures and records beside it."""


def main(args: Sequence[str]) -> int:
    """Write the report, and print where it is."""
    asked = parse(Report, args, prog="chimerae report")
    from chimerae.report import write

    print(f"report: {write(asked.runs, asked.out)}")
    return DONE
