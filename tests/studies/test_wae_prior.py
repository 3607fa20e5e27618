from __future__ import annotations

import pytest

from chimerae.studies import Found
from chimerae.studies.wae_prior import IMPROVED, PLAIN, STUDY
from tests.studies.tiny import tiny


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The study in miniature."""
    settings = {"steps": 600, "arch.width": 48, "arch.depth": 2}
    return tiny(STUDY, tmp_path_factory.mktemp("wae"), settings, only=("WAE-MMD", "VAE"))


@pytest.mark.parametrize("name", ["WAE-MMD", "VAE"])
def test_improved_points_survive_the_round_trip_better_and_leave_the_bridges(found: Found, name: str):
    plain, improved = (found(f"{name}: {of}", "cycle_cost").mean for of in (PLAIN, IMPROVED))
    assert improved < 0.7 * plain
    plain, improved = (found(f"{name}: {of}", "in_modes").mean for of in (PLAIN, IMPROVED))
    assert improved > plain


def test_the_codes_of_a_wae_are_nearer_to_the_prior(found: Found):
    assert found("WAE-MMD", "prior_mmd").mean < found("VAE", "prior_mmd").mean
