"""The page about studies lists all of them, and its own study comes to what it says."""

from __future__ import annotations

import re

from chimerae.studies import STUDIES
from chimerae.studies.executors import PLACES
from tests.docs.fences import DOCS, blocks
from tests.helpers.here import work_here

PAGE = DOCS / "studies.md"


def test_every_study_is_listed_in_order():
    listed = re.findall(r"^\| `([a-z][\w-]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [name for name in listed if name not in PLACES] == [s.name for s in STUDIES]


def test_the_study_of_the_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    work_here(monkeypatch)
    monkeypatch.setattr("chimerae.training.previews.Previews.draw", lambda *args: None)
    monkeypatch.setattr("chimerae.runs.evaluate.draw", lambda *args: None)
    (code,) = blocks(PAGE, "python")
    exec(compile(code, "betas.py", "exec"), {})
    assert capsys.readouterr().out.startswith("Agrees with the source: ")
    assert (tmp_path / "runs" / "betas" / "index.html").exists()
