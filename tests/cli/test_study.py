from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from chimerae.cli.study import empty_for_now
from chimerae.data import NAMED_DATASETS
from chimerae.recipes.timing import Timing
from chimerae.studies import STUDIES, Forecast, forecast, study
from tests.data.named_files import write_set
from tests.helpers.here import work_here

STEP = 0.01
"""Seconds of a step, instead of a timing."""
TINY = ("study", "bigan-modes", "--only", "GAN", "bi", "wgan", "--seeds", 1, "--steps", 3, "--device", "cpu")


@pytest.fixture(autouse=True)
def timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No step is timed, and no operation counted."""
    monkeypatch.setattr(forecast, "time_steps", lambda *args, at_most: Timing((STEP,), {}, 1))
    monkeypatch.setattr(Forecast, "operations", lambda self, cell: 1e9)


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


def test_a_dry_run_estimates_the_time(call):
    code, out, err = call("study", "bigan-modes", "--jobs", 2, "--dry-run")
    assert code == 0, err
    *rows, total = out.splitlines()
    assert all("  0/5,000  about 50s  runs/" in row for row in rows)
    assert total.startswith("about 12m30s of learning for 15 runs, 6m40s with 2 at a time: an estimate from")
    code, out, err = call("study", "bigan-modes", "--on", "slurm", "--dry-run")
    assert code == 0, err
    assert out.splitlines()[-1].startswith("about 12m30s of learning for 15 runs: an estimate from")


def test_a_dry_run_of_equal_times_knows_the_time(call):
    code, out, err = call("study", "family-map", "--only", "digits", "--seeds", 1, "--jobs", 4, "--dry-run")
    assert code == 0, err
    *rows, total = out.splitlines()
    assert all("  2m00s  runs/" in row for row in rows)
    assert total == "32m00s of learning for 16 runs, 8m00s with 4 at a time; scoring comes on top"


def test_runs_go_where_they_are_told(call, studied: Path, monkeypatch: pytest.MonkeyPatch):
    """A finished study needs no cluster; one that is not needs its package."""
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "submitit", None)
    for place, name in (("ray", "ray"), ("slurm", "submitit")):
        code, _, err = call(*TINY, "--out", "elsewhere", "--on", place)
        assert code == 2
        assert err.startswith(f"chimerae: --on {place}: studies on ")
        assert f"the package {name} " in err
        assert err.rstrip().endswith(f"install chimerae[{place}]")
        assert err.count("\n") == 1
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
        (("avae-toy", "--threads", 0), "--threads must be 1 or more, not 0"),
        (
            ("avae-toy", "--gpu-share", 0),
            "--gpu-share must be above 0 and at most 1, not 0",
        ),
        (("avae-toy", "--gpu-share", 1.5), "--gpu-share must be above 0 and at most 1, not 1.5"),
        (("avae-toy", "--sbatch", "partition=gpu"), "--sbatch has options of Slurm; add --on slurm"),
        (("avae-toy", "--on", "dask"), "--on"),
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
