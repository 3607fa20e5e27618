"""The design page leads to what there is."""

from __future__ import annotations

import re

from tests.docs.fences import DOCS, ROOT

PAGE = (DOCS / "design.md").read_text("utf-8")
ANSWERS = [line for line in PAGE.splitlines() if re.match(r"\| [A-Z][^|]*\? \|", line)]


def test_every_answer_names_files_and_what_stands_in_them():
    assert len(ANSWERS) >= 6
    for line in ANSWERS:
        folders = re.findall(r"`(\w+)/`", line)
        named = re.findall(r"`((?:\w+/)?\w+\.py)`", line)
        files = [ROOT / "src" / "chimerae" / folder / name for name in named for folder in ("", *folders)]
        found = [path for path in files if path.exists()]
        assert len(found) >= len([name for name in named if "/" in name]), line
        source = "\n".join(path.read_text("utf-8") for path in found)
        for name in re.findall(r"`([A-Za-z_]+(?:\.[A-Za-z_]+)?)`", line):
            own = name.rpartition(".")[2]
            if own in ("py", "json"):
                continue
            assert f"def {own}(" in source or f"class {own}" in source, f"{name}: {line}"
