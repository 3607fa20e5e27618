from __future__ import annotations

import pytest

from chimerae.studies import StudyResults
from chimerae.studies.papers.biadversarial_posterior import (
    CONDITIONAL,
    GAUSSIAN,
    IMPLICIT,
    KNOWN,
    LEARNED,
    MARGINAL,
    STUDY,
    WITH_ERROR,
)
from tests.studies.papers.tiny import tiny


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    """The study in miniature."""
    only = (KNOWN, f"{LEARNED}, {CONDITIONAL}{WITH_ERROR}", f"{LEARNED}, {MARGINAL}{WITH_ERROR}")
    settings = {"steps": 700, "training.optimizer.lr": 2e-3, "training.batch_size": 128}
    metrics = ("both_signs", "code_information")
    return tiny(STUDY, tmp_path_factory.mktemp("posterior"), settings, metrics=metrics, only=only)


def test_an_implicit_posterior_has_both_signs_where_a_gaussian_has_one(found: StudyResults):
    """methods.md 24.5, first half."""
    assert found(f"{KNOWN}, {GAUSSIAN}", "both_signs").mean < 0.1
    assert found(f"{KNOWN}, {IMPLICIT}", "both_signs").mean > 0.5
    assert found(f"{KNOWN}, {IMPLICIT}", "code_information").mean > 0.5  # and its codes mean something


def test_the_paper_s_pairing_pays_for_information_and_the_exact_one_does_not(found: StudyResults):
    """methods.md 24.5, second half."""
    paper, exact = (
        found(f"{LEARNED}, {name}{WITH_ERROR}", "code_information").mean for name in (CONDITIONAL, MARGINAL)
    )
    assert exact > paper + 0.2
