"""Two and four processes are one process; they stop, fail and go on together."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chimerae.methods import METHODS
from tests.helpers.runs import log_of, saved
from tests.parallel.replay import BY_FOUR, BY_TWO, compared

SECONDS = 900
"""Time for a busy machine; a free one needs a fiftieth."""
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked"),
    pytest.mark.timeout(2 * SECONDS),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results and run folders of `worker`."""
    folder = tmp_path_factory.mktemp("parallel")
    path = os.pathsep.join(p for p in (str(Path(__file__).parents[2]), *sys.path) if p)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.parallel.worker", str(folder)],
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture(scope="module")
def results(folder: Path) -> list[dict[str, Any]]:
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(4)]


def test_every_method_is_compared():
    for cases in (BY_TWO, BY_FOUR):
        assert {type(case.method) for case, _ in cases} == set(METHODS)


@pytest.mark.parametrize("group", ["two", "four"])
def test_many_processes_take_the_steps_of_one(results, group):
    found = [sentence for result in results for sentence in result[group]]
    assert not found, "\n".join(found)


def test_all_stop_when_one_is_asked_to(results, folder):
    assert [result["stopped"] for result in results] == [["Stopped", signal.SIGTERM, 3]] * 4


@pytest.mark.parametrize("run", ["many", "fewer"])
def test_a_stopped_run_goes_on_with_as_many_processes_or_one(folder, run):
    """In float32. Other noise in one step makes a difference a hundred times as large."""
    ours, alone = saved(folder / run), saved(folder / "alone")
    assert not list(compared(ours, alone, within=2e-6))
    lines = [log_of(folder / name) for name in (run, "alone")]
    assert [line["step"] for line in lines[0]] == [*range(1, 9)]
    for line, expected in zip(*lines, strict=True):
        assert line["logged"] == pytest.approx(expected["logged"], rel=1e-3, abs=1e-4)
        assert line["losses"] == pytest.approx(expected["losses"], rel=1e-3, abs=1e-4)


def test_the_number_of_processes_is_recorded(folder):
    numbers = {
        name: json.loads((folder / name / "env.json").read_text())["processes"] for name in ("alone", "many")
    }
    assert numbers == {"alone": 1, "many": 4}
    assert "processes" not in json.loads((folder / "many" / "run.json").read_text())
    changed = json.loads((folder / "fewer" / "run.json").read_text())["processes"]
    assert changed == [{"step": 3, "processes": 1}]


def test_the_first_process_alone_sends_to_loggers(folder):
    assert len(list((folder / "many" / "tensorboard").iterdir())) == 1


def test_all_end_when_one_finds_nan(results, folder):
    kinds = {result["stop"][0] for result in results}
    messages = {result["stop"][1] for result in results}
    assert kinds == {"NotFinite"}
    assert len(messages) == 1
    assert "at step 5" in messages.pop()
    assert saved(folder / "stop")["step"] == 4


def test_all_skip_or_go_back_when_one_finds_nan(results, folder):
    assert [(result["skip"], result["rollback"]) for result in results] == [(["done"], ["done"])] * 4
    assert log_of(folder / "skip")[-1]["logged"]["skipped_steps"] == 1
    content = json.loads((folder / "rollback" / "run.json").read_text())
    assert [change["step"] for change in content["changes"]] == [4]
    assert content["run"]["training"]["optimizer"]["lr"] == pytest.approx(1e-4)


def test_input_that_all_refuse(results):
    for rank, result in enumerate(results):
        assert result["six rows"][1] == (
            "a batch of 6 cannot be shared equally by 4 processes; take --training.batch-size 8"
        )
        assert "need --out DIR" in result["no folder"][1]
        assert "holds a run already" in result["taken"][1]
        assert result["taken"][0] == ("Elsewhere" if rank else "InputError")


def test_the_first_process_decides_on_the_total(results, folder):
    assert [result["replanned"] for result in results] == [[5, 5, 3, 8]] * 4
    content = json.loads((folder / "replanned" / "run.json").read_text())
    assert content["run"]["steps"] == 5


def test_networks_stay_the_same_where_each_process_has_statistics_of_its_own(results):
    assert [result["own statistics"] for result in results] == [True] * 4
