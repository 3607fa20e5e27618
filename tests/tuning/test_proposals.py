"""Optuna's part: proposals are functions of seed and record, and aim at what was good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chimerae.run_folder.search import Choice, Range, Search, Trial
from chimerae.tuning.proposals import COMPARED, RANDOM, WEIGHED, hopeless, importance, proposed

SPACE = {
    "x": Range(low=0.01, high=100, log=True),
    "n": Range(low=1, high=9, whole=True),
    "c": Choice(values=("a", "b")),
}
EMPTY = Search(recipe="vae", data="digits", objective=("fvu@decoder",), space=SPACE, run={})


def cost(settings) -> float:
    """Least at x = 1; the others are without effect."""
    from math import log10

    return 1 + log10(settings["x"]) ** 2


def grown(search: Search, n: int, seed: int = 0) -> Search:
    for number in range(len(search.trials) + 1, n + 1):
        settings = proposed(search, seed)
        trial = Trial(number=number, settings=settings, state="done", cost=cost(settings))
        search = replace(search, trials=(*search.trials, trial))
    return search


def test_proposals_lie_in_their_ranges_and_are_whole_where_they_must():
    for trial in grown(EMPTY, 12).trials:
        assert all(SPACE[path].holds(value) for path, value in trial.settings.items())
        assert type(trial.settings["n"]) is int


def test_a_proposal_is_a_function_of_seed_and_record():
    search = grown(EMPTY, 9)
    assert proposed(search, 0) == proposed(search, 0)
    assert proposed(search, 0) != proposed(search, 1)
    assert grown(replace(EMPTY, trials=search.trials[:4]), 9) == search, "a search that goes on later"
    assert len({trial.settings["x"] for trial in search.trials}) == 9, "no draw comes twice"


def test_proposals_learn():
    search = grown(EMPTY, 20)
    tried = [cost(trial.settings) for trial in search.trials]
    assert sorted(tried[-8:])[4] < sorted(tried[:RANDOM])[RANDOM // 2]
    assert importance(search)["x"] > 0.5


def test_importance_waits_for_trials():
    assert importance(grown(EMPTY, WEIGHED - 1)) == {}
    found = importance(grown(EMPTY, WEIGHED + 6))
    assert found.keys() == SPACE.keys()
    assert sum(found.values()) == pytest.approx(1)
    one = replace(EMPTY, space={"x": SPACE["x"]})
    assert importance(grown(one, WEIGHED)) == {}


def looked(n: int) -> Search:
    """Trials whose first look found 1, 2, 3, ..."""
    settings = {"x": 1.0, "n": 1, "c": "a"}
    trials = [
        Trial(number=i, settings=settings, state="done", cost=1.0, seen=((1, float(i)), (2, 0.5)))
        for i in range(1, n + 1)
    ]
    return replace(EMPTY, trials=tuple(trials))


@pytest.mark.parametrize(("found", "is_hopeless"), [(2.9, False), (3.1, True)])
def test_a_trial_is_hopeless_above_the_median(found: float, is_hopeless: bool):
    trial = Trial(number=6, settings={"x": 1.0, "n": 1, "c": "a"}, seen=((1, found),))
    assert hopeless(replace(looked(5), trials=(*looked(5).trials, trial)), trial) == is_hopeless


def test_few_trials_are_no_yardstick_and_pruning_can_be_off():
    bad = Trial(number=9, seen=((1, 99.0),))
    assert not hopeless(looked(COMPARED - 1), bad)
    assert hopeless(looked(COMPARED), bad)
    assert not hopeless(replace(looked(COMPARED), prune=False), bad)


def test_trials_that_failed_count_as_the_worst_and_others_outside_are_left_out():
    search = grown(EMPTY, 8)
    far = [Trial(number=i, settings={"x": 50.0, "n": 1, "c": "a"}, state="failed") for i in range(9, 15)]
    later = replace(search, trials=(*search.trials, *far))
    near = [proposed(later, seed)["x"] for seed in range(9)]
    assert sorted(near)[4] < 20
    outside = Trial(number=9, settings={"x": 1.0, "n": 64, "c": "a"}, state="done", cost=0.0)
    assert proposed(replace(search, trials=(*search.trials, outside)), 3)["n"] in range(1, 10)
