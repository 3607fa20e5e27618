"""The number of threads that is left open: tried at the start, written down, kept by a run that goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from chimerae.recipes import outlook as room
from chimerae.recipes import threads as trial
from chimerae.recipes.planning import Wish
from chimerae.recipes.threads import LONG, threads, with_threads
from chimerae.recipes.timing import Timing
from chimerae.runs.folder import read_run
from chimerae.runs.train import resume, start
from tests.helpers.rows import through
from tests.helpers.runs import Crash, after, assert_same_run, crash, tiny_run

SHAPE = (1, 8, 8)


@pytest.fixture(autouse=True)
def _given_back() -> Iterator[None]:
    """The process of the tests keeps its number of threads."""
    with threads():
        yield


def seconds_of(table: dict[int, float]):
    """Steps that take so long on so many threads, which must be the threads in force."""
    return lambda run, shape, *, at_most: Timing((table[torch.get_num_threads()],) * 4, {}, 1)


def never(*args: object, **options: object) -> float:
    raise AssertionError("tried without need")


@through(
    "table, chosen",
    [
        ({4: 1.0, 2: 1.1}, 4),
        ({4: 1.0, 2: 1.0, 1: 1.3}, 2),
        ({4: 1.0, 2: 0.9, 1: 0.9}, 1),
        ({4: 1.0, 2: 2.0, 1: 0.1}, 4),  # the search ends where it gets slower
    ],
)
def test_fewer_threads_are_taken_while_they_are_as_fast(table, chosen):
    torch.set_num_threads(4)
    short = {n: LONG / 2 * seconds for n, seconds in table.items()}
    run, most = with_threads(tiny_run("vae", "dcgan"), SHAPE, clocked=seconds_of(short), product=never)
    assert (run.training.threads, most, torch.get_num_threads()) == (chosen, 4, chosen)


def test_of_long_steps_products_of_matrices_decide():
    torch.set_num_threads(2)
    run, most = with_threads(
        tiny_run("vae", "dcgan"), SHAPE, clocked=seconds_of({2: LONG}), product={2: 2.0, 1: 1.0}.__getitem__
    )
    assert (run.training.threads, most, torch.get_num_threads()) == (1, 2, 1)


def test_a_number_that_was_asked_for_is_in_force_untried():
    torch.set_num_threads(2)
    asked = tiny_run("vae", "dcgan", threads=3)
    assert with_threads(asked, SHAPE, clocked=never, product=never) == (asked, None)
    assert torch.get_num_threads() == 3


def test_one_thread_leaves_nothing_to_try():
    torch.set_num_threads(1)
    run, most = with_threads(tiny_run("vae", "dcgan"), SHAPE, clocked=never, product=never)
    assert (run.training.threads, most) == (1, None)


def test_a_product_computes_on_the_threads_that_it_measures():
    assert trial._product(2) > 0
    assert torch.get_num_threads() == 2


def test_the_choice_stands_in_the_run_is_kept_and_given_back(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "WORTH_TIMING", 1)
    monkeypatch.setattr(trial, "_fewest", lambda n, seconds, now=None: 3)
    torch.set_num_threads(4)
    seen: list[int] = []
    whole = start(
        tiny_run("vae", "dcgan"),
        out=tmp_path / "whole",
        callbacks=after(6, lambda: seen.append(torch.get_num_threads())),
    )
    assert (read_run(whole).training.threads, seen, torch.get_num_threads()) == (3, [3], 4)
    with pytest.raises(Crash):
        start(tiny_run("vae", "dcgan"), out=tmp_path / "cut", callbacks=after(5, crash))
    assert torch.get_num_threads() == 4
    watched = after(6, lambda: seen.append(torch.get_num_threads()))
    assert_same_run(resume(tmp_path / "cut", callbacks=watched), whole)
    assert (seen, torch.get_num_threads()) == ([3, 3], 4)


def test_the_plan_says_that_more_threads_are_not_faster(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "WORTH_TIMING", 1)
    monkeypatch.setattr(trial, "_fewest", lambda n, seconds, now=None: 1)
    torch.set_num_threads(2)
    ahead = room.outlook(tiny_run("vae", "dcgan"), Wish(), began=0.0, told=True)
    assert "1 thread (2 are not faster here)" in ahead.plan(tmp_path, None).text()
