from __future__ import annotations

import pytest

from chimerae.studies import StudyResults
from chimerae.studies.papers.wae_prior import IMPROVED, OWN, PLAIN, STUDY
from chimerae.tables import Values
from tests.studies.papers.tiny import tiny


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    """The study in miniature."""
    settings = {"steps": 450, "arch.width": 48, "arch.depth": 2}
    metrics = ("cycle_cost", "in_modes", "prior_mmd")
    return tiny(STUDY, tmp_path_factory.mktemp("wae"), settings, metrics=metrics, only=("WAE-MMD", "VAE"))


@pytest.mark.parametrize("name", ["WAE-MMD", "VAE"])
def test_improved_points_survive_the_round_trip_better_and_leave_the_bridges(found: StudyResults, name: str):
    plain, improved = (found(f"{name}: {of}", "cycle_cost").mean for of in (PLAIN, IMPROVED))
    assert improved < 0.7 * plain
    plain, improved = (found(f"{name}: {of}", "in_modes").mean for of in (PLAIN, IMPROVED))
    assert improved > plain


def test_the_codes_of_a_wae_are_nearer_to_the_prior(found: StudyResults):
    assert found("WAE-MMD", "prior_mmd").mean < found("VAE", "prior_mmd").mean


def values(mean: float, spread: float = 0.001) -> Values:
    return Values((mean - spread, mean, mean + spread))


@pytest.mark.parametrize(
    ("improved", "p", "word", "why"),
    [
        (values(0.5), 0.4, "agrees", "for all"),
        (values(0.5), 0.01, "unclear", "tells the codes of WAE-MMD, WAE-GAN"),
        (values(0.1), 0.4, "disagrees", "worse: WAE-MMD in modes"),
        (values(0.22, 0.2), 0.4, "unclear", "at p < .05: WAE-MMD in modes"),
    ],
)
def test_the_verdict_minds_the_spread(improved: Values, p: float, word: str, why: str):
    """What one arm's improved samples do, when those of all others do as the source says."""
    made = {(title, metric): values(v) for title in OWN for metric, v in (("prior_mmd", 0.1), ("prior_p", p))}
    for title in OWN:
        for of, cost, share in ((PLAIN, 0.2, 0.2), (IMPROVED, 0.1, 0.5)):
            made[f"{title}: {of}", "cycle_cost"] = values(cost)
            made[f"{title}: {of}", "in_modes"] = values(share)
    made[f"WAE-MMD: {IMPROVED}", "in_modes"] = improved
    verdict = STUDY.verdict(StudyResults(made))
    assert verdict.word == word
    assert why in verdict.why
