from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chimerae.cli.report import main
from chimerae.errors import InputError
from chimerae.report import write_report
from tests.report.report_runs import write_run

VOID = {"meta", "img", "br", "link", "path", "use", "line", "rect", "circle"}


class Balanced(HTMLParser):
    """Fails on an element that is not closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def test_remaking_gives_the_same_bytes(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "runs/a", method="vae"), write_run(tmp_path / "runs/b")]
    for name in ("one.html", "two.html"):
        write_report(runs, tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_the_page_asks_for_nothing_from_outside(tmp_path: Path) -> None:
    write_report(
        [write_run(tmp_path / "runs/a", method="vae"), write_run(tmp_path / "runs/b")], tmp_path / "page.html"
    )
    text = (tmp_path / "page.html").read_text()
    for found in re.findall(r"""(?:src|href|action|data)=["']([^"']*)""", text) + re.findall(
        r"url\(([^)]*)", text
    ):
        assert found.startswith(("data:image/png;base64,", "data:image/webp;base64,", "#")), found
    assert not re.search(r"https?:|@import|<script|<link", text)


def test_the_page_is_well_formed(tmp_path: Path) -> None:
    write_report(
        [write_run(tmp_path / "runs/a", method="vae"), write_run(tmp_path / "runs/b")], tmp_path / "page.html"
    )
    parser = Balanced()
    parser.feed((tmp_path / "page.html").read_text())
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))


def test_several_runs_stand_under_one_set_of_originals(tmp_path: Path) -> None:
    write_report(
        [write_run(tmp_path / "runs/a", method="vae"), write_run(tmp_path / "runs/b")], tmp_path / "page.html"
    )
    text = (tmp_path / "page.html").read_text()
    assert "Reconstructions side by side" in text
    assert "VAE and AVAE on digits" in text


@pytest.mark.parametrize("parts", [{"evaluated": False}, {"reached": 30}, {"reached": 0, "evaluated": False}])
def test_a_run_in_progress_has_a_page(tmp_path: Path, parts: dict[str, int]) -> None:
    path = write_run(tmp_path / "runs/a", **parts)
    with (path / "log.jsonl").open("a") as log:
        log.write('{"step": 40, "los')
    write_report([path], path / "report.html")
    text = (path / "report.html").read_text()
    assert "1 line of the log could not be read" in text
    assert ("Not evaluated yet" in text) == ("evaluated" in parts)
    assert ("not finished" in text) == ("reached" in parts)


def test_what_a_run_says_is_shown_as_text(tmp_path: Path) -> None:
    path = write_run(tmp_path / "runs/a", method="<b>avae</b>", protocol={"code": '"><script>'})
    write_report([path], path / "report.html")
    text = (path / "report.html").read_text()
    assert "<script" not in text
    assert "&lt;b&gt;avae" in text


def test_an_unwritable_place_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for out in (tmp_path / "file" / "page.html", tmp_path / "runs"):
        with pytest.raises(InputError, match="cannot write") as caught:
            write_report([write_run(tmp_path / "runs/a")], out)
        assert "\n" not in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == ["file", "runs"]


def test_a_broken_picture_is_named_and_leaves_the_old_page(tmp_path: Path) -> None:
    run, out = write_run(tmp_path / "runs/a"), tmp_path / "page.html"
    write_report([run], out)
    before = out.read_bytes()
    broken = run / "pictures" / "samples.png"
    broken.write_bytes(broken.read_bytes()[:60])
    with pytest.raises(InputError, match=r"samples\.png is no readable picture"):
        write_report([run], out)
    assert out.read_bytes() == before


def test_the_command_says_where_the_page_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = write_run(tmp_path / "runs/a"), write_run(tmp_path / "runs/b", method="vae")
    monkeypatch.chdir(tmp_path)
    assert main([str(a)]) == 0
    assert (a / "report.html").is_file()
    assert str(a / "report.html") in capsys.readouterr().out
    assert main([str(a), str(b)]) == 0
    assert (tmp_path / "report.html").is_file()
    assert main([str(a), str(b), "--out", "results/two.md"]) == 0
    assert (tmp_path / "results" / "two.md").is_file()


def test_no_runs_and_runs_given_twice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run folder given"):
        write_report([], tmp_path / "page.html")
    a = write_run(tmp_path / "runs/a")
    write_report([a, a], tmp_path / "page.html")
    assert "One run: a" in (tmp_path / "page.html").read_text()
