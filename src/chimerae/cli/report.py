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
    """Run folders; several stand side by side."""
    out: Path | None = None
    """Where the page goes: RUN/report.html for one run, else report.html here. A name that ends in .md makes
    a Markdown page, with small pictures and records beside it, to be committed."""

    @property
    def page(self) -> Path:
        """Where the page goes."""
        return self.out or (self.runs[0] / "report.html" if len(self.runs) == 1 else Path("report.html"))


def main(args: Sequence[str]) -> int:
    """Write the report, and say where it is."""
    asked = parse(Report, args, prog="chimerae report")
    from chimerae.report import write_report, write_results

    if asked.page.suffix.lower() == ".md":
        write_results(asked.runs, asked.page.parent, page=asked.page.name)
    else:
        write_report(asked.runs, asked.page)
    print(f"report: {asked.page}")
    return DONE
