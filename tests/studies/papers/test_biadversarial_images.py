from __future__ import annotations

from pathlib import Path

import pytest

from chimerae.studies import StudyResults
from chimerae.studies.papers.biadversarial_images import ERROR, PAPER, STUDY, VAE
from chimerae.tables import Values
from tests.helpers.rows import through
from tests.studies.papers.tiny import tiny


def three(value: float) -> Values:
    return Values((0.99 * value, value, 1.01 * value))


def sharpness(
    vae: float, ours: float, data: float = 1.0, group: str = "LFW"
) -> dict[tuple[str, str], Values]:
    rows = {f"{group}, {VAE}": vae, f"{group}, {PAPER}": ours, f"{group}, data": data}
    return {(row, "sharpness"): three(value) for row, value in rows.items()}


@through(
    "vae, ours, word",
    [
        (0.1, 0.9, "agrees"),
        (0.1, 1.2, "agrees"),
        (0.1, 9.0, "agrees"),  # a factor of 9 above is nearer than one of 10 below
        (0.1, 11.0, "unclear"),
        (0.1, 0.05, "disagrees"),
        (0.1, 0.1, "disagrees"),
        (0.1, 0.101, "disagrees"),  # no difference at p < .05
        (2.0, 1.1, "disagrees"),
    ],
)
def test_sharper_is_nearer_to_the_data_by_ratio(vae, ours, word):
    assert STUDY.verdict(StudyResults(sharpness(vae, ours))).word == word
    alone = {("data" if row == "LFW, data" else row, m): v for (row, m), v in sharpness(vae, ours).items()}
    assert STUDY.verdict(StudyResults(alone)).word == word


@through("digits, word", [((0.1, 0.9), "agrees"), ((0.1, 50.0), "unclear"), ((0.1, 0.05), "disagrees")])
def test_every_finished_group_counts(digits, word):
    found = sharpness(0.1, 0.9) | sharpness(*digits, group="Digits")
    assert STUDY.verdict(StudyResults(found)).word == word
    assert STUDY.verdict(StudyResults({})).word == "unclear"
    found.pop(("Digits, data", "sharpness"))
    assert STUDY.verdict(StudyResults(found)).why == "Digits: the sharpness of the data is not known"


@pytest.mark.parametrize("steps", [30])
def test_the_study_in_miniature(tmp_path: Path, steps: int):
    small = {"arch.width": 4, "steps": steps, "training.batch_size": 16, "evaluation.n": 64}
    found = tiny(STUDY, tmp_path, small, metrics=("sharpness", "mse_unit"), only=["Digits"])
    for title in (VAE, PAPER, ERROR):
        assert found(f"Digits, {title}", "mse_unit").mean > 0
        assert found(f"Digits, {title}", "sharpness").mean >= 0
    assert found("data", "sharpness").mean > found(f"Digits, {VAE}", "sharpness").mean
    assert "Digits: " in STUDY.verdict(found).why
