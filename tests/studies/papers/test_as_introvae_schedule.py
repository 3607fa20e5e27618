"""The study of AS-IntroVAE's schedule: its grid, its test of signs and its verdict."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from chimerae.methods.as_introvae import ASIntroVAE
from chimerae.studies import StudyResults
from chimerae.studies.papers.as_introvae_schedule import arms, drawn_sets, sign_test, verdict
from chimerae.studies.papers.as_introvae_table1 import AS, SETS, SOFT, TUNED, Betas
from chimerae.tables import Values

GROUPS = [f"{betas.beta_kl:g} / {betas.beta_rec:g} / {betas.beta_neg:g}" for betas in drawn_sets()]


def test_the_drawn_sets_stay_what_they_were_and_lie_around_the_tuned_one():
    sets = list(drawn_sets())
    assert sets[0] == Betas(0.41, 0.12, 0.33)
    assert len(set(sets)) == 12
    for betas in sets:
        for name, weight in vars(betas).items():
            assert 0.99 / 3 < weight / vars(SETS[TUNED])[name] < 3.01


@pytest.mark.parametrize(("scale", "warm_up"), [("quick", 200), ("paper", 2000)])
def test_both_methods_have_the_same_sets_and_the_warm_up_is_a_15th(scale, warm_up):
    made = arms(scale)
    assert {arm.run.steps // warm_up for arm in made} == {15}
    assert {arm.run.method.warmup_steps for arm in made} == {warm_up}
    weights = {
        name: [(m.beta_kl, m.beta_rec, m.beta_neg) for m in (a.run.method for a in made if a.name == name)]
        for name in (SOFT, AS)
    }
    assert weights[SOFT] == [tuple(vars(SETS[TUNED]).values()), *weights[AS]]
    schedules = [a.run.method for a in made if a.group == TUNED and isinstance(a.run.method, ASIntroVAE)]
    assert [(m.anneal_from, m.anneal_share) for m in schedules] == [
        *(("run", share) for share in (0.1, 0.2, 0.4)),
        *(("game", share) for share in (0.02, 0.05, 0.1, 0.2)),
    ]


@pytest.mark.parametrize(("one", "other"), [(0, 0), (1, 0), (3, 3), (6, 0), (2, 9), (9, 2)])
def test_the_sign_test_is_the_binomial_test(one, other):
    expected = binomtest(one, one + other).pvalue if one + other else 1.0
    assert sign_test(one, other) == pytest.approx(expected, abs=1e-12)


def found(soft: int, annealed: int, late: float = 2.0) -> StudyResults:
    """Results in which each method masters its first sets, and fails with one seed in the others."""
    values = {}
    for name, masters in ((SOFT, soft), (AS, annealed)):
        for index, group in enumerate(GROUPS):
            modes = (8.0, 8.0, 8.0) if index < masters else (8.0, 7.0, 8.0)
            values[f"{group}, {name}", "modes_covered"] = Values(modes)
    for arm in arms("quick")[:8]:
        kl = late if arm.name.endswith("of the game") else 2.0
        values[arm.title, "kl_published"] = Values((kl, kl + 0.1, kl + 0.2))
    return StudyResults(values)


@pytest.mark.parametrize(
    ("soft", "annealed", "word"),
    [(4, 10, "agrees"), (10, 4, "disagrees"), (6, 6, "unclear"), (6, 11, "unclear")],
)
def test_the_verdict_counts_sets_that_every_seed_masters(soft, annealed, word):
    told = verdict(found(soft, annealed))
    assert told.word == word
    assert f"in {annealed} with {AS} and in {soft} with {SOFT}" in told.why
    assert told.why.endswith("tuned weights: none")


def test_the_verdict_names_schedules_that_are_worse():
    told = verdict(found(6, 6, late=70.0))
    assert told.why.endswith("2% of the game, 5% of the game, 10% of the game, 20% of the game")
