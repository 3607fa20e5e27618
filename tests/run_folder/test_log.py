from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from chimerae.errors import InputError
from chimerae.run_folder.log import Log, LogLine, last_line, last_step, log_csv, parsed, read_log, shortened


def line(step: int) -> LogLine:
    return LogLine(step, 0.5 * step, 100.0, {"vae": 1.0}, {"kl": 2.0}, {"vae": 1e-4}, "ok")


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
        "logged": {"kl": 2.0},
        "lr": {"vae": 1e-4},
        "health": "ok",
        "drawn": {},
    }


def test_the_newest_measurement_is_found_again(log):
    assert log.newest_measures() == (None, {})
    log.append(replace(line(4), drawn={"variety": 0.5}))
    log.append(replace(line(5), drawn={"variety": 0.25}))
    log.append(line(6))
    assert log.newest_measures() == (5, {"variety": 0.25})
    log.cut(4)
    assert log.newest_measures() == (4, {"variety": 0.5})


def test_lines_of_older_versions_have_no_measurements(log):
    log.path.write_text('{"step": 1, "seconds": 0.5, "health": "ok"}\n')
    assert log.newest_measures() == (None, {})


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


def test_what_is_kept_is_kept_to_the_byte(log):
    log.path.write_text('{"step": 1,  "seconds": 1e0, "other": null}\n{"step": 2, "seconds": 2}\n')
    assert log.cut(1) == 1.0
    assert log.path.read_text() == '{"step": 1,  "seconds": 1e0, "other": null}\n'


def test_the_reader_gives_back_what_was_appended(log):
    assert read_log(log.path) == ((line(1), line(2), line(3)), 0)


def test_lines_of_older_versions_are_read(log):
    read = parsed('{"step": 3, "losses": {"vae": null}}')
    assert read is not None
    assert (read.step, dict(read.lr), read.health) == (3, {}, "")
    assert math.isnan(read.seconds)
    assert math.isnan(read.losses["vae"])


def test_a_log_that_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / "log.jsonl").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        read_log(tmp_path / "log.jsonl")


def test_a_short_log_ends_with_the_last_line_and_has_every_change_of_health(log):
    words = dict.fromkeys((4, 5, 60), "critic blind")
    lines = [replace(line(i), health=words.get(i, "ok")) for i in range(100)]
    log.cut(0)
    for each in lines:
        log.append(each)
    texts = shortened(log.path, 4).splitlines()
    kept = [json.loads(text)["step"] for text in texts]
    assert kept == [3, 5, 27, 51, 59, 60, 75, 99]
    assert set(texts) <= set(log.path.read_text().splitlines())
    log.path.write_text("\n".join(texts) + "\n")
    assert shortened(log.path, 4).splitlines() == texts, "a published log is published again as it is"


def test_a_long_log_is_held_as_evenly_spaced_lines(log, monkeypatch):
    monkeypatch.setattr("chimerae.run_folder.log.MOST_HELD", 64)
    words = {40: "critic blind"}
    lines = [replace(line(i), health=words.get(i, "ok")) for i in range(1, 1002)]
    log.path.write_text("".join(json.dumps(asdict(each)) + "\n" for each in lines))
    held, torn = read_log(log.path)
    assert torn == 0
    assert [each.step for each in held] == sorted({*range(1, 1002, 32), 39, 40, 1001})
    log.path.write_text(
        "".join(json.dumps(asdict(replace(each, health=str(each.step)))) + "\n" for each in lines)
    )
    assert [each.step for each in read_log(log.path)[0]] == [*range(1, 1002, 32), 1001]


def test_the_end_of_a_long_log_is_read_alone(log, monkeypatch):
    with log.path.open("r+b") as file:
        file.seek(3_000_000_000)
        file.write(b"\n" + json.dumps(asdict(line(7))).encode() + b"\n{")
    assert last_line(log.path) == line(7)


def test_the_log_as_csv_keeps_the_last_line():
    rows = list(csv.DictReader(log_csv([line(10 * i) for i in range(1, 11)], most=4).splitlines()))
    assert [row["step"] for row in rows] == ["10", "40", "70", "100"]
    assert (rows[-1]["seconds"], rows[-1]["loss_vae"], rows[-1]["kl"]) == ("50.0", "1", "2")


@pytest.mark.parametrize("text", ["", "{", '{"step": 3}\n{"st', "[]\n", '{"step": null}\n'])
def test_the_last_step_of_a_torn_log(tmp_path: Path, text: str):
    path = tmp_path / "log.jsonl"
    path.write_text(text)
    assert last_step(path) == (3 if "3" in text else 0)
    assert last_step(tmp_path / "none") == 0
