from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chimerae.errors import InputError
from chimerae.training.log import Line, Log


def line(step: int) -> Line:
    return Line(step, 0.5 * step, 100.0, {"vae": 1.0}, {"kl": 2.0}, {"vae": 1e-4}, "ok")


@pytest.fixture
def log(tmp_path: Path) -> Log:
    log = Log(tmp_path / "log.jsonl")
    for step in (1, 2, 3):
        log.append(line(step))
    return log


def steps(log: Log) -> list[int]:
    return [json.loads(text)["step"] for text in log.path.read_text().splitlines()]


def test_a_line_has_every_fact(log):
    assert json.loads(log.path.read_text().splitlines()[0]) == {
        "step": 1,
        "seconds": 0.5,
        "images_per_second": 100.0,
        "losses": {"vae": 1.0},
        "watched": {"kl": 2.0},
        "lr": {"vae": 1e-4},
        "health": "ok",
        "drawn": {},
    }


def test_the_newest_measurement_is_found_again(log):
    assert log.drawn() == (None, {})
    log.append(replace(line(4), drawn={"variety": 0.5}))
    log.append(replace(line(5), drawn={"variety": 0.25}))
    log.append(line(6))
    assert log.drawn() == (5, {"variety": 0.25})
    log.cut(4)
    assert log.drawn() == (4, {"variety": 0.5})


def test_lines_of_older_versions_have_no_measurements(log):
    log.path.write_text('{"step": 1, "seconds": 0.5, "health": "ok"}\n')
    assert log.drawn() == (None, {})


@pytest.mark.parametrize(("step", "left", "seconds"), [(0, [], 0.0), (2, [1, 2], 1.0), (9, [1, 2, 3], 1.5)])
def test_what_came_after_the_resumed_step_is_cut(log, step, left, seconds):
    assert log.cut(step) == seconds
    assert steps(log) == left
    log.append(line(step + 1))
    assert steps(log) == [*left, step + 1]


@pytest.mark.parametrize("torn", ['{"step": 4, "sec', "\x00\x00", "garbage"])
def test_a_torn_end_is_cut(log, torn):
    with log.path.open("a") as file:
        file.write(torn)
    assert log.cut(3) == 1.5
    assert steps(log) == [1, 2, 3]


def test_a_fresh_run_has_nothing_to_cut(tmp_path):
    log = Log(tmp_path / "log.jsonl")
    assert log.cut(0) == 0.0
    assert steps(log) == []


def test_an_unwritable_log_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot write"):
        Log(tmp_path / "missing" / "log.jsonl").append(line(1))
