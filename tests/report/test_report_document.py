from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from PIL import Image

from chimerae import pictures
from chimerae.errors import InputError
from chimerae.report import write_results
from chimerae.report.images import Snapshot, small, spread_out
from chimerae.report.records import without_paths
from tests.report.report_runs import write_run


def _all(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_committed_form_is_whole_small_and_repeatable(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "runs/a", method="vae"), write_run(tmp_path / "runs/b")]
    for name in ("one", "two"):
        write_results(runs, tmp_path / name)
    files = _all(tmp_path / "one")
    assert files == _all(tmp_path / "two")
    assert sum(map(len, files.values())) < 400_000
    assert {"README.md", "compared.png", "curves.png"} <= set(files)
    for run in ("vae", "avae"):
        names = ("run.json", "env.json", "scores.json", "log.csv", "samples.png")
        assert {f"{run}/{name}" for name in names} <= set(files)


@pytest.mark.parametrize("page", ["README.md", "digits.md"])
def test_every_link_of_the_page_leads_somewhere(tmp_path: Path, page: str) -> None:
    write_results(
        [write_run(tmp_path / "runs/a", method="vae"), write_run(tmp_path / "runs/b")],
        tmp_path / "out",
        page=page,
    )
    text = (tmp_path / "out" / page).read_text()
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) >= 10
    for link in links:
        assert (tmp_path / "out" / link).is_file(), link
        assert link.startswith("digits/") == (page == "digits.md")


def test_the_page_has_command_table_and_no_machine_path(tmp_path: Path) -> None:
    write_results(
        [
            write_run(tmp_path / "runs/a", method="vae"),
            write_run(tmp_path / "runs/b", protocol={"split": "train"}),
        ],
        tmp_path / "out",
    )
    files = _all(tmp_path / "out")
    text = files["README.md"].decode()
    assert "chimerae train vae --data digits --out runs/a" in text
    assert "| vae | decoder | 0.05000 | 20.00<sup>a</sup> |" in text
    assert not any(b"/home" in content for content in files.values())
    assert json.loads(files["vae/run.json"])["run"]["method"]["name"] == "vae"


def test_without_paths_keeps_addresses_and_relative_paths() -> None:
    for text in ("../shared/data", "runs/a", "https://example.org/a/b", "1/2", "~/photos/x"):
        assert without_paths(text) == text
    assert without_paths('{"at": "/tmp/x/run one"}') == '{"at": "run one"}'


def test_large_pictures_are_made_small() -> None:
    noise = Image.frombytes("RGB", (300, 300), os.urandom(270_000))
    content, factor = small(pictures.png(noise), most=80_000)
    assert len(content) <= 80_000
    assert factor == 2


def test_snapshots_are_spread_over_the_ratios_of_steps() -> None:
    snapshots = [Snapshot("samples", step, Path(f"{step}")) for step in range(0, 10_001, 100)]
    assert [s.step for s in spread_out(snapshots, "samples")] == [0, 100, 500, 2200, 10_000]


def test_an_unwritable_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot write") as caught:
        write_results([write_run(tmp_path / "runs/a")], tmp_path / "file")
    assert "\n" not in str(caught.value)
    assert (tmp_path / "file").read_text() == "in the way"
