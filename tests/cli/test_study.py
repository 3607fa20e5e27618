from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from chimerae.cli.study import empty_for_now
from chimerae.data import NAMED_DATASETS
from chimerae.studies import STUDIES, study
from tests.data.named_files import write_set
from tests.helpers.here import work_here

TINY = ("study", "bigan-modes", "--only", "GAN", "bi", "wgan", "--seeds", 1, "--steps", 3, "--device", "cpu")


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for `TINY`, run once for all tests of this file."""
    return tmp_path_factory.mktemp("studied")


def test_a_study_from_the_command_line(call, studied: Path, monkeypatch: pytest.MonkeyPatch):
    work_here(monkeypatch)
    code, out, err = call(*TINY, "--jobs", 2, "--out", studied)
    assert code == 0, err
    assert "only 3 arms of 5 were asked for" in out  # GAN, WGAN-GP, BiGAN
    assert str(studied / "index.html") in out
    assert {p.name for p in (studied / "cells").iterdir()} == {"gan-s0", "wgan-gp-s0", "bigan-s0"}
    record = json.loads((studied / "cells" / "gan-s0" / "run.json").read_text())
    assert record["run"]["training"]["schedule_steps"] == 5_000
    assert record["command"].startswith("chimerae study bigan-modes")


def test_it_says_what_is_finished(call, studied: Path):
    code, out, _ = call(*TINY, "--out", studied, "--dry-run")
    assert code == 0
    assert out.count("finished") == 3
    code, out, _ = call("study", "bigan-modes", "--out", "elsewhere", "--dry-run")
    assert out.count("0/5,000") == 15
    assert not Path("elsewhere").exists()


def test_a_page_of_what_is_there(call, studied: Path):
    code, out, _ = call("study", "bigan-modes", "--page-only", "--seeds", 1, "--steps", 3, "--out", studied)
    assert code == 0
    assert "Unclear: 2 of 5 runs are not finished" in out
    assert not (studied / "cells" / "alice-s0").exists()


def test_records_for_a_repository(call, studied: Path):
    code, _, err = call(*TINY, "--out", studied, "--publish", "docs")
    assert code == 0, err
    assert (Path("docs") / "README.md").exists()
    assert (Path("docs") / "cells" / "gan-s0" / "scores.json").exists()
    assert not list(Path("docs").rglob("*.safetensors"))


def test_a_damaged_cell_is_one_line(call, studied: Path):
    shutil.copytree(studied, "copy")
    (Path("copy") / "cells" / "gan-s0" / "scores.json").write_text("{")
    code, _, err = call(*TINY, "--out", "copy")
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert "scores.json" in err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("bigan-mode",), "did you mean 'bigan-modes'"),
        (("--seeds", 3), "the study comes first"),
        (("avae-toy", "--seeds", 0), "--seeds must be 1 or more, not 0"),
        (("avae-toy", "--jobs", -1), "--jobs must be 1 or more, not -1"),
        (("avae-toy", "--steps", 0), "--steps must be 1 or more, not 0"),
        (("avae-toy", "--scale", "huge"), "--scale"),
        (("avae-toy", "--only", "bigan"), "there are: VAE; GAN; "),
    ],
)
def test_bad_input_is_one_line(call, args, said: str):
    code, _, err = call("study", *args)
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert said in err


def test_studies_are_listed(call):
    _, listed, _ = call("list", "studies")
    _, told, _ = call("study", "--help")
    for each in STUDIES:
        assert each.name in listed
        assert each.name in told
    assert call("study")[0] == 2


def test_reproduce_lists_the_tables_and_what_they_need(call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CHIMERAE_DATA", raising=False)
    code, out, _ = call("reproduce")
    assert code == 0
    for each in STUDIES:
        assert each.name in out
        assert each.source in out
    assert "7 rows; data: lfw (not here)" in out
    assert "8 rows; data: avae-sine\n" in out


def test_reproduce_is_a_study_at_the_scale_of_its_source(call):
    code, out, _ = call("reproduce", "bigan-modes", "--dry-run")
    assert code == 0
    assert out.count("0/20,000") == 15
    assert "bigan-modes-paper" in out
    _, quick, _ = call("reproduce", "bigan-modes", "--scale", "quick", "--dry-run")
    assert quick.count("0/5,000") == 15


def test_missing_weights_are_named_beforehand(call):
    _, told, _ = call("reproduce")
    inception, alexnet = "weights-inception-2015-12-05-6726825d.pth", "alexnet-owt-7be5be79.pth"
    assert f"weights that are not here: {inception}, {alexnet}\n" in told
    first, second = empty_for_now(study("avae-table1"))
    assert first.startswith(f"FID: stay empty, {inception} (SHA-256 6726825d...) is not here")
    assert second.startswith(f"LPIPS: stay empty, {alexnet}")
    assert empty_for_now(study("avae-toy")) == []


def test_the_scale_of_the_source_has_its_seeds(call, tmp_path: Path):
    write_set(tmp_path, next(each for each in NAMED_DATASETS if each.name == "mnist"))

    def counted(*flags: str) -> int:
        asked = ("reproduce", "avae-table1", "--only", "MNIST", "--dry-run", "--data-root", tmp_path)
        code, out, err = call(*asked, *flags)
        assert code == 0, err
        return out.count(", seed ")

    assert (counted(), counted("--scale", "quick"), counted("--seeds", "2")) == (40, 24, 16)


def test_missing_data_are_named_before_anything_is_made(call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CHIMERAE_DATA", raising=False)
    code, _, err = call("reproduce", "lfw-faces", "--out", "faces")
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert "--data-root" in err
    assert not Path("faces").exists()
