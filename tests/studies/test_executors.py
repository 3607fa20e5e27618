"""Where cells run: their order, lost workers, threads and GPUs, without training."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from chimerae.config import override
from chimerae.errors import InputError
from chimerae.studies import Cell, Forecast, Local, Resources, Shares, conduct, pool, worker
from chimerae.studies.executors import End, local, task_of
from tests.helpers.here import Here, work_here
from tests.helpers.rows import through
from tests.studies.standin import StandIn
from tests.studies.toy_study import cells

LOST = End("killed", lost=True)


def of_steps(folder: Path, vae: int, avae: int, **more: object) -> list[Cell]:
    """Cells of the toy study with other numbers of steps."""
    made = cells(folder, **more)  # type: ignore[arg-type]
    steps = {"tiny, VAE": vae, "tiny, AVAE": avae}
    return [replace(one, run=override(one.run, {"steps": steps[one.arm.title]})) for one in made]


def test_the_longest_cells_start_first(tmp_path: Path):
    made, on = of_steps(tmp_path, 20, 30), StandIn()
    assert conduct(made, executor=on) == {}
    assert on.labels == [
        "tiny, AVAE, seed 0",
        "tiny, AVAE, seed 1",
        "tiny, VAE, seed 0",
        "tiny, VAE, seed 1",
    ]
    assert on.stopped == 1


def test_a_cell_whose_worker_was_lost_starts_again_at_once(tmp_path: Path):
    first, second = (cell.label for cell in cells(tmp_path, seeds=1))
    on = StandIn({first: [LOST, LOST]})
    assert conduct(cells(tmp_path, seeds=1), executor=on) == {}
    assert on.labels == [first, first, first, second]


def test_a_cell_that_is_lost_again_and_again_fails_and_the_others_go_on(tmp_path: Path):
    first, second = (cell.label for cell in cells(tmp_path, seeds=1))
    on = StandIn({first: [LOST] * 99, second: [End("the disk is full")]})
    failed = conduct(cells(tmp_path, seeds=1), executor=on)
    assert on.labels == [first] * (1 + pool.RETRIES) + [second]
    assert failed == {first: "killed, the last of 4 times", second: "the disk is full"}


def test_a_process_that_is_killed_costs_no_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The first process ends by a signal; the next one does the work."""
    codes = [-int(signal.SIGKILL)]

    class Killed(Here):
        def poll(self) -> int | None:
            if codes:
                self.returncode = codes.pop()
            return super().poll()

    work_here(monkeypatch)
    ours = SimpleNamespace(Popen=Killed, PIPE=subprocess.PIPE, DEVNULL=subprocess.DEVNULL)
    monkeypatch.setattr(local, "subprocess", ours)
    made = cells(tmp_path, seeds=1, only=["tiny, vae"])
    assert conduct(made) == {}
    assert made[0].finished
    assert not codes


def test_executors_get_the_resources_of_each_cell(tmp_path: Path):
    made, on = cells(tmp_path, seeds=1), StandIn()
    shares = {made[0].label: Resources(3, 0.25), made[1].label: Resources(1, 1.0)}
    conduct(made, executor=on, resources=lambda cell: shares[cell.label])
    assert dict(on.started) == shares


def test_a_refusal_stops_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    on = StandIn()

    def refused(task: object, wanted: object) -> None:
        raise InputError("no such partition")

    monkeypatch.setattr(on, "start", refused)
    with pytest.raises(InputError, match="no such partition"):
        conduct(cells(tmp_path), executor=on)
    assert on.stopped == 1


class Sleeping:
    """A process that goes on until it is stopped."""

    def __init__(self, args: Sequence[str], *, env: dict[str, str], **other: object) -> None:
        self.environment, self.returncode = env, None
        self.stdin = open(os.devnull, "wb")  # noqa: SIM115 (it is closed by `start`)

    def poll(self) -> int | None:
        return self.returncode


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = SimpleNamespace(Popen=Sleeping, PIPE=subprocess.PIPE, DEVNULL=subprocess.DEVNULL)
    monkeypatch.setattr(local, "subprocess", ours)
    monkeypatch.setattr(local, "cores", lambda: 6)


def started(on: Local, wanted: Sequence[Resources]) -> list[str]:
    """GPUs of the processes that find room, one after the other; "none" without one."""
    gpus = []
    for one in wanted:
        if not on.fits(one):
            break
        process = on.start({}, one)
        gpus.append(process.process.environment.get("CUDA_VISIBLE_DEVICES", "none"))
        assert process.process.environment["OMP_NUM_THREADS"] == str(one.threads)
        process.errors.close()
    return gpus


QUARTER, WHOLE = Resources(1, 0.25), Resources(1, 1.0)


@through(
    "jobs, gpus, wanted, found",
    [
        (None, (), [Resources(2)] * 9, ["none"] * 3),
        (None, (), [Resources(64)] * 2, ["none"]),
        (2, (), [Resources(2)] * 9, ["none"] * 2),
        (None, ("a", "b"), [WHOLE] * 9, ["a", "b"]),
        (None, ("a", "b"), [QUARTER] * 9, ["a", "b"] * 3),
        (None, ("a", "b"), [WHOLE, *[QUARTER] * 9], ["a", "b", "b", "b", "b"]),
        (None, ("a", "b"), [QUARTER, QUARTER, WHOLE], ["a", "b"]),
        (3, ("a", "b"), [WHOLE] * 9, ["a", "b", "a"]),
        (None, ("a",), [Resources(1, 1 / 3)] * 9, ["none"] * 3),
    ],
)
def test_processes_fill_cores_and_gpus(asleep: None, monkeypatch, jobs, gpus, wanted, found):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert started(Local(jobs, gpus), wanted) == found


def shares(made: list[Cell], flops: float | None = 5e9, **more: object) -> Shares:
    return Shares(Forecast(made, lambda run, shape: flops), **more)  # type: ignore[arg-type]


@through(
    "flops, seconds, more, wanted",
    [
        (5e9, None, {"cores": 8}, Resources(2)),  # four cells
        (5e8, None, {"cores": 8}, Resources(1)),
        (None, None, {"cores": 8}, Resources(2)),
        (5e9, None, {"cores": 8, "jobs": 1}, Resources(8)),
        (5e9, None, {"cores": 2}, Resources(1)),
        (5e9, 60.0, {"cores": 8}, Resources(1)),
        (5e9, 60.0, {"cores": 8, "threads": 3}, Resources(3)),
        (5e9, None, {"cores": 8, "gpus": 2}, Resources(4, 1.0)),
        (5e8, None, {"cores": 8, "gpus": 2}, Resources(1, 0.25)),
        (5e8, 60.0, {"cores": 8, "gpus": 2}, Resources(1, 1.0)),
        (5e9, None, {"cores": 8, "gpus": 2, "gpu": 0.5}, Resources(2, 0.5)),
        (5e9, None, {"cores": 8, "gpu": 0.5}, Resources(2)),
        (5e9, None, {}, Resources(1)),
    ],
)
def test_threads_and_gpus_follow_size_and_number(tmp_path: Path, flops, seconds, more, wanted):
    made = of_steps(tmp_path, 100, 100)
    made = [replace(one, run=override(one.run, {"training.seconds": seconds})) for one in made]
    assert shares(made, flops, **more)(made[0]) == wanted


def test_shares_do_not_depend_on_what_is_finished(tmp_path: Path):
    made = of_steps(tmp_path, 100, 100)
    rule = shares(made, cores=8)
    before = [rule(cell) for cell in made]
    on = StandIn()
    for cell in made[1:]:
        cell.folder.mkdir(parents=True)
        (cell.folder / "scores.json").write_text(json.dumps({"step": 100}))
    conduct(made, executor=on, resources=rule, forecast=rule.forecast)
    assert on.started == [(made[0].label, before[0])]


def test_a_cell_on_another_machine_has_place_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen: list[tuple[str, str | None]] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHIMERAE_DATA", "/far/data")
    task = json.loads(json.dumps(task_of(cells(Path("study"))[0], 2, "chimerae study toy")))
    monkeypatch.chdir("/")
    monkeypatch.setenv("CHIMERAE_DATA", "")

    def run_cell(given: object) -> None:
        seen.append((os.getcwd(), os.environ["CHIMERAE_DATA"]))
        raise InputError("in two\nlines")

    monkeypatch.setattr(worker, "run_cell", run_cell)
    assert worker.attempt(task) == "in two lines"
    assert seen == [(str(tmp_path), "/far/data")]
    assert "all machines must share it" in worker.attempt(task | {"place": str(tmp_path / "none")})
