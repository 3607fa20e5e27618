"""The study of AS-IntroVAE's schedule: its grid, its test of signs and its verdict."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from chimerae.methods.as_introvae import ASIntroVAE
from chimerae.studies import StudyResults
from chimerae.studies.papers.as_introvae_schedule import (
    judge_schedules,
    judge_tunings,
    sampled_sets,
    schedules,
    sign_test,
    tunings,
)
from chimerae.studies.papers.as_introvae_table1 import AS, SETS, SOFT, TUNED, Betas
from chimerae.tables import Values

GROUPS = [f"{betas.beta_kl:g} / {betas.beta_rec:g} / {betas.beta_neg:g}" for betas in sampled_sets()]


def test_the_sampled_sets_stay_what_they_were_and_lie_around_the_tuned_one():
    sets = list(sampled_sets())
    assert sets[0] == Betas(0.41, 0.12, 0.33)
    assert len(set(sets)) == 16
    for betas in sets:
        for name, weight in vars(betas).items():
            assert 0.99 / 3 < weight / vars(SETS[TUNED])[name] < 3.01


@pytest.mark.parametrize(("scale", "warm_up"), [("quick", 667), ("paper", 2000)])
def test_the_warm_up_is_a_15th_of_every_run(scale, warm_up):
    made = (*schedules(scale), *tunings(scale))
    assert {round(arm.run.steps / warm_up, 1) for arm in made} == {15.0}
    assert {arm.run.method.warmup_steps for arm in made} == {warm_up}


def test_schedules_have_the_tuned_weights():
    soft, *annealed = (arm.run.method for arm in schedules("paper"))
    tuned = tuple(vars(SETS[TUNED]).values())
    assert {(m.beta_kl, m.beta_rec, m.beta_neg) for m in (soft, *annealed)} == {tuned}
    assert [(m.anneal_from, m.anneal_share) for m in annealed] == [
        *(("run", share) for share in (0.1, 0.2, 0.4)),
        *(("game", share) for share in (0.02, 0.05, 0.1, 0.2)),
    ]


def test_both_methods_have_the_same_sets_and_the_published_schedule():
    made = tunings("quick")
    weights = {
        name: [(m.beta_kl, m.beta_rec, m.beta_neg) for m in (a.run.method for a in made if a.name == name)]
        for name in (SOFT, AS)
    }
    assert weights[SOFT] == weights[AS] == [tuple(vars(betas).values()) for betas in sampled_sets()]
    assert {
        (m.anneal_from, m.anneal_share) for m in (a.run.method for a in made) if isinstance(m, ASIntroVAE)
    } == {("run", 0.2)}


@pytest.mark.parametrize(("one", "other"), [(0, 0), (1, 0), (3, 3), (6, 0), (2, 9), (9, 2)])
def test_the_sign_test_is_the_binomial_test(one, other):
    expected = binomtest(one, one + other).pvalue if one + other else 1.0
    assert sign_test(one, other) == pytest.approx(expected, abs=1e-12)


def mastered(soft: set[int], annealed: set[int]) -> StudyResults:
    """Results in which each method finds all modes with some sets, and with one seed fails in the others."""
    values = {}
    for name, masters in ((SOFT, soft), (AS, annealed)):
        for index, group in enumerate(GROUPS):
            modes = (8.0, 8.0, 8.0) if index in masters else (8.0, 7.0, 8.0)
            values[f"{group}, {name}", "modes_covered"] = Values(modes)
    return StudyResults(values)


@pytest.mark.parametrize(
    ("soft", "annealed", "word"),
    [
        (set(range(4)), set(range(10)), "agrees"),
        (set(range(10)), set(range(4)), "disagrees"),
        (set(range(6)), set(range(6)), "unclear"),
        (set(range(6)), set(range(11)), "unclear"),  # five sets of one method alone: p = .06
        (set(range(8)), set(range(2, 13)), "unclear"),  # two against five
    ],
)
def test_sets_are_counted_that_every_seed_masters(soft, annealed, word):
    told = judge_tunings(mastered(soft, annealed))
    assert told.word == word
    assert f"found with {len(annealed)} of 16 sets of weights by {AS}, and with {len(soft)} by" in told.why
    assert f"; {len(annealed - soft)} sets are mastered by the former alone" in told.why
    assert f", {len(soft - annealed)} by the latter alone" in told.why


@pytest.mark.parametrize(("published", "word"), [(1.0, "agrees"), (2.0, "unclear"), (9.0, "disagrees")])
def test_the_published_schedule_is_compared_with_soft_introvae(published, word):
    values = {}
    for arm in schedules("quick"):
        kl = {SOFT: 2.0, f"{AS}, 20% of the run": published}.get(arm.name, 70.0)
        values[arm.title, "kl_published"] = Values((kl, kl + 0.1, kl + 0.2))
    told = judge_schedules(StudyResults(values))
    assert told.word == word
    assert ("20% of the run;" in told.why.split("p < .05")[1]) == (word == "disagrees")
    assert told.why.endswith("20% of the game")
