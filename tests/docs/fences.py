"""Fenced blocks of our pages."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *(p for p in DOCS.rglob("*.md") if "results" not in p.parts)])
"""Pages that people write; those in `docs/results` are written by `chimerae report`."""

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of `page` that are marked with `language` ('' for those without a mark), in order."""
    return [body for mark, body in FENCE.findall(page.read_text(encoding="utf-8")) if mark == language]


def prose(page: Path) -> str:
    """`page` without its fenced blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))
