from __future__ import annotations

from pathlib import Path

import pytest

from chimerae.data import is_here
from chimerae.errors import InputError
from chimerae.metrics import METRICS
from chimerae.recipes.sizing import sized
from chimerae.studies import SCALES, STUDIES, Arm, Study, StudyResults, study
from chimerae.tables import Values
from tests.helpers.rows import through

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
each = through("chosen", STUDIES, ids=lambda chosen: chosen.name)


def rows(arms: tuple[Arm, ...]) -> set[str]:
    return {arm.title for arm in arms} | {f"{arm.title}: {n}" for arm in arms for n in arm.networks}


@each
@through("scale", SCALES)
def test_its_grid_is_one(chosen: Study, scale):
    arms = chosen.arms(scale)
    assert len({arm.slug for arm in arms}) == len(arms) > 1
    for arm in arms:
        if is_here(arm.run.data):
            assert sized(arm.run) == (arm.run, "")  # its networks fit its data as they are


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data sets are not beside the checkout")
@each
def test_its_networks_fit_the_real_data(chosen: Study, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHIMERAE_DATA", str(SHARED))
    for run in [arm.run for scale in SCALES for arm in chosen.arms(scale) if is_here(arm.run.data)]:
        assert sized(run) == (run, "")


@each
def test_the_quick_scale_is_quicker(chosen: Study):
    quick, paper = (
        sum(arm.seconds or arm.run.steps for arm in chosen.arms(scale)) for scale in ("quick", "paper")
    )
    assert quick < paper


@each
def test_both_scales_have_the_same_arms(chosen: Study):
    quick, paper = ([arm.title for arm in chosen.arms(scale)] for scale in ("quick", "paper"))
    assert quick == paper


@each
def test_it_shows_metrics_that_there_are(chosen: Study):
    known = {metric.name for metric in METRICS}
    assert {shown.metric.partition("[")[0] for shown in chosen.shows} <= known
    assert {shown.better for shown in chosen.shows} <= {"higher", "lower", ""}
    assert len({shown.title for shown in chosen.shows}) == len(chosen.shows)


@each
def test_published_numbers_stand_in_rows_and_columns_of_the_table(chosen: Study):
    metrics, known = {shown.metric for shown in chosen.shows}, rows(chosen.arms("paper"))
    known |= {f"{group}, {name}" for group, name in chosen.cited}
    for row, metric in chosen.published:
        assert row in known
        assert metric in metrics


@each
def test_it_asks_only_for_values_that_it_has(chosen: Study):
    """Whatever the values are, there is a verdict with a reason."""
    metrics = {metric.name for metric in METRICS} | {shown.metric for shown in chosen.shows}
    known = rows(chosen.arms("paper"))
    for value in (0.0, 0.5, 100.0):
        values = Values((value, value + 0.01, value + 0.02))
        found = StudyResults({(row, m): values for row in known for m in metrics})
        verdict = chosen.verdict(found)
        assert verdict.word in ("agrees", "disagrees", "unclear")
        assert verdict.why
        assert "\n" not in verdict.why


@each
def test_it_says_what_it_asks(chosen: Study):
    assert chosen.about.endswith("?")
    assert len(chosen.about) < 110
    assert "\n" not in chosen.about
    assert chosen.source
    assert chosen.method


def test_a_misspelt_study():
    with pytest.raises(InputError, match="did you mean 'avae-toy'"):
        study("avae-toi")
