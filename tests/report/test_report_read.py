from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest

from chimerae.errors import InputError
from chimerae.report.read import read_run
from tests.report.report_runs import write_run


def test_a_whole_run(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path / "runs/a", method="avae", seed=3))
    assert (run.method, run.source, run.steps, run.reached) == ("avae", "digits", 100, 100)
    assert len(run.log) == 10
    assert run.log[0].losses["vae"] == 100.0
    assert [(s.metric, s.of) for s in run.scores][:2] == [("psnr", "decoder"), ("mse_unit", "decoder")]
    assert list(run.pictures) == ["reconstructions", "samples"]
    assert {s.step for s in run.snapshots} == {0, 50, 100}


def test_a_run_that_has_only_begun(tmp_path: Path) -> None:
    path = write_run(tmp_path / "runs/a")
    for name in ("env.json", "data.json", "log.jsonl", "scores.json"):
        (path / name).unlink()
    for name in ("model", "samples", "pictures"):
        shutil.rmtree(path / name)
    run = read_run(path)
    assert (run.log, run.scores, run.snapshots, run.reached) == ((), (), (), 0)


def test_a_torn_last_line_is_counted_and_left_out(tmp_path: Path) -> None:
    path = write_run(tmp_path / "runs/a")
    with (path / "log.jsonl").open("a") as log:
        log.write('{"step": 110, "seco')
    run = read_run(path)
    assert (run.torn, run.reached) == (1, 100)


def test_a_torn_character_does_not_matter(tmp_path: Path) -> None:
    path = write_run(tmp_path / "runs/a")
    with (path / "log.jsonl").open("ab") as log:
        log.write('{"health": "ü'.encode()[:-1])
    assert read_run(path).torn == 1


def test_steps_said_again_after_a_resume_count_once(tmp_path: Path) -> None:
    path = write_run(tmp_path / "runs/a")
    with (path / "log.jsonl").open("a") as log:
        log.write(json.dumps({"step": 60, "losses": {"vae": None}, "health": "again"}) + "\n")
    run = read_run(path)
    assert [entry.step for entry in run.log] == [10, 20, 30, 40, 50, 60]
    assert run.log[-1].health == "again"
    assert math.isnan(run.log[-1].losses["vae"])


@pytest.mark.parametrize("name", ["run.json", "scores.json"])
def test_another_version_is_one_line(tmp_path: Path, name: str) -> None:
    path = write_run(tmp_path / "runs/a")
    record = json.loads((path / name).read_text())
    (path / name).write_text(json.dumps(record | {"schema": 7}))
    with pytest.raises(InputError, match="format 7, this version of chimerae reads 1") as caught:
        read_run(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["{", "[]", "\x00"])
def test_a_damaged_record_is_one_line(tmp_path: Path, content: str) -> None:
    path = write_run(tmp_path / "runs/a")
    (path / "scores.json").write_text(content)
    with pytest.raises(InputError, match=r"scores\.json.*damaged") as caught:
        read_run(path)
    assert "\n" not in str(caught.value)


def test_what_is_no_run_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no run\.json"):
        read_run(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        read_run(tmp_path / "nowhere")
