"""Studies whose runs have a time and no number of steps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chimerae.config import override, to_dict
from chimerae.errors import InputError
from chimerae.pictures import opened
from chimerae.recipes.planning import Wish
from chimerae.report.study import Shown
from chimerae.runs.folder import read_run
from chimerae.studies import (
    Cell,
    Forecast,
    Local,
    Map,
    MetricColumn,
    Resources,
    Study,
    cells_of,
    conduct,
    found_in,
    pool,
    worker,
    write_page,
)
from tests.helpers.here import work_here
from tests.studies.toy_study import TOY, cells

TIMED: Study = replace(
    TOY,
    arms=lambda scale: tuple(replace(arm, seconds=1.0) for arm in TOY.arms(scale)),
    map=Map(MetricColumn("mse_points", "MSE"), MetricColumn("kl_nats", "KL"), centre=1.0),
)


def timed(folder: Path, **more: object) -> list[Cell]:
    return cells_of(TIMED, folder, scale="quick", seeds=1, device="cpu", **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("timed")
    with pytest.MonkeyPatch.context() as patch:
        work_here(patch)
        assert conduct(timed(folder), jobs=2) == {}
    return folder


def test_the_steps_that_were_found_stand_in_the_run(finished: Path):
    for cell in timed(finished):
        run = read_run(cell.folder)
        assert cell.steps == cell.reached == run.steps
        assert cell.finished
        assert (run.training.schedule_steps, run.training.seconds) == (None, 1.0)


def test_runs_of_another_time_are_kept_apart(finished: Path):
    with pytest.raises(InputError, match=r"training\.seconds is 1\.0, the study asks for 3\.0"):
        timed(finished, seconds=3.0)


def test_progress_counts_in_seconds_of_learning(tmp_path: Path, finished: Path):
    assert told_of([*timed(finished), *timed(tmp_path)]) == (
        2,
        4,
        "seconds of learning, 2 of 4 runs finished",
    )


def test_progress_of_unlike_cells_counts_in_percent(tmp_path: Path, finished: Path):
    """The first cell has a time and the last a number of steps, or the other way round."""
    mixed = [*timed(finished), *cells(tmp_path, seeds=1)]
    assert told_of(mixed) == told_of(mixed[::-1]) == (50, 100, "percent of all runs, 2 of 4 runs finished")


def told_of(made: list[Cell]) -> tuple[int, int, str]:
    told: list[tuple[int, int, str]] = []
    line = pool._Pool(made, Local(1), lambda cell: Resources(), "", Forecast(made))
    line.tell(lambda *count, left: told.append(count))
    return told[0]


@pytest.mark.parametrize("seconds", [30.0, None])
def test_a_process_is_told_the_time_of_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds):
    told: list[Wish] = []
    monkeypatch.setattr(worker, "start", lambda *args, wish, **more: told.append(wish))
    monkeypatch.setattr(worker, "evaluate_run", lambda *args, **more: None)
    run = override(timed(tmp_path)[0].run, {"training.seconds": seconds})
    task = {"folder": str(tmp_path), "run": to_dict(run), "threads": 1, "command": ""}
    assert worker.work(task) == 0
    assert told == [Wish(seconds, steps=seconds is not None, learning=True)]


def test_what_is_finished_is_not_run_again(finished: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Local, "start", lambda *args: pytest.fail("a finished cell was started"))
    assert conduct(timed(finished)) == {}


def test_a_run_that_was_stopped_goes_on_towards_its_own_steps(finished: Path, monkeypatch):
    work_here(monkeypatch)
    cell = timed(finished)[0]
    (cell.folder / "scores.json").unlink()
    before = read_run(cell.folder)
    assert not timed(finished)[0].finished
    assert conduct(timed(finished)) == {}
    assert read_run(cell.folder) == before
    assert timed(finished)[0].finished


def test_the_map_has_a_panel_with_every_row(finished: Path):
    made = timed(finished)
    page = write_page(TIMED, made, finished, scale="quick", command="here")
    assert (finished / "map.png").read_bytes() == page.figures[Shown("map")].content
    assert opened(page.figures[Shown("map")].content).width > 600
    assert "map.png" in (finished / "README.md").read_text("utf-8")
    assert ("tiny, AVAE: generator", "kl_nats") in found_in(made).values


def test_another_time_and_steps_in_its_place(tmp_path: Path):
    assert {cell.arm.seconds for cell in timed(tmp_path, seconds=30.0)} == {30.0}
    (cell, _) = timed(tmp_path, steps=4)
    assert (cell.run.training.seconds, cell.steps) == (None, 4)


def test_a_study_of_steps_has_no_time(tmp_path: Path):
    with pytest.raises(InputError, match="use --steps"):
        cells_of(TOY, tmp_path, scale="quick", seeds=1, seconds=5.0)


def test_later_seeds_play_the_steps_that_the_first_had_time_for(tmp_path: Path, finished: Path, monkeypatch):
    work_here(monkeypatch)
    steps = {cell.arm.title: cell.steps for cell in timed(finished)}
    asked = {"scale": "quick", "seeds": 2, "device": "cpu"}
    (made,) = cells_of(TIMED, tmp_path, steps_from=finished, only=[TIMED.arms("quick")[0].title], **asked)[1:]
    assert (made.run.seed, made.run.training.seconds) == (1, None)
    assert conduct([made]) == {}
    run = read_run(made.folder)
    assert run.steps == steps[made.arm.title] == made.reached
    assert (run.training.seconds, run.training.replanned) == (None, ())
    again = cells_of(TIMED, tmp_path, **asked)  # the page is written without the option
    assert [cell.finished for cell in again if cell.folder == made.folder] == [True]
    assert not any(cell.differences for cell in again)


def test_steps_are_taken_only_from_a_study_that_has_them(tmp_path: Path, finished: Path):
    with pytest.raises(InputError, match="has no run of tiny, VAE, seed 0"):
        timed(tmp_path, steps_from=tmp_path)
    with pytest.raises(InputError, match="own steps"):
        cells_of(TOY, tmp_path, scale="quick", seeds=1, steps_from=finished)
