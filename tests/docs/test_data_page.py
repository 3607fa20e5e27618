"""The page about data lists every named set as the code has it."""

from __future__ import annotations

import re

from chimerae.data import NAMED_DATASETS, NamedDataset
from tests.docs.fences import DOCS

PAGE = (DOCS / "data.md").read_text(encoding="utf-8")


def row(found: NamedDataset) -> str:
    """The line of the table."""
    hub = "only a folder" if found.hub is None else f"`{found.hub}`"
    subset = f", `{found.config}`" if found.config else ""
    splits = "; ".join(" + ".join(split(found, name) for name in names) for names in found.splits.values())
    return f"| `{found.name}` | {hub}{subset} | {splits} | {transform(found)} | {found.preset} |"


def split(found: NamedDataset, name: str) -> str:
    return f"`{name}` {found.counts[name]:,}" if name in found.counts else f"`{name}`"


def transform(found: NamedDataset) -> str:
    prepare = found.prepare
    if prepare.size is None:
        return "as they are"
    numbers = prepare.crop if isinstance(prepare.crop, tuple) else (prepare.crop,)
    crop = "" if prepare.crop is None else f"crop {' '.join(map(str, numbers))}, "
    return f"{crop}size {prepare.size}, {prepare.fit}"


def test_the_table_is_that_of_the_code():
    section = PAGE.partition("## Data sets of the papers")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `.*", section, re.MULTILINE) == [row(found) for found in NAMED_DATASETS]
