"""Verdicts: what is said of which values, and that the page of rules says the same."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from chimerae.report import rules, verdict
from chimerae.report.findings import Findings, Measured
from chimerae.report.rules import Step, step_of
from chimerae.report.verdict import sentence
from tests.helpers.rows import through

PAGE = Path(__file__).parents[2] / "docs" / "report.md"
LADDERS = (
    rules.ERROR,
    rules.DISTANCE,
    rules.COVERED,
    rules.SPREAD,
    rules.REALISM,
    rules.SWD,
    rules.ON_DATA,
    rules.DIVERGENCE,
)
ALONE = {
    verdict.BLURS: rules.DETAIL,
    verdict.REDRAWS: rules.SAME_CLASS,
    verdict.CHANGES: rules.OTHER_CLASS,
    verdict.BLURRED: rules.BLURRED,
    verdict.GRAINY: rules.GRAINY,
    verdict.COPIES: rules.COPIED,
    verdict.NEAR: rules.NEAR,
    verdict.NO_COPIES: None,
    verdict.ALL_MODES: None,
    verdict.SOME_MODES: None,
}


def found(
    error: float | None = None,
    detail: float | None = None,
    spread: float | None = None,
    **scores: float | tuple[float, float],
) -> Findings:
    """Findings with scores as values, or as (value, the data's own)."""
    pairs = {name: value if isinstance(value, tuple) else (value, None) for name, value in scores.items()}
    measured = {name: Measured(name, own, data) for name, (own, data) in pairs.items()}
    return Findings("decoder", measured, error=error, detail=detail, spread=spread)


def rows() -> list[tuple[str, str, str]]:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.split("|")[1:4]] for line in lines]
    return [(clause.strip("`"), rule, value) for clause, rule, value in cells if not clause.startswith("`fd")]


def test_the_page_has_every_clause_in_order_with_its_threshold() -> None:
    told = [(clause, value) for clause, _, value in rows() if clause not in ALONE]
    limits = [
        (step.words, "beyond" if step.limit == rules.INFINITY else f"up to {step.limit:g}")
        for ladder in LADDERS
        for step in ladder
    ]
    assert told == limits
    alone = {clause: value for clause, _, value in rows() if clause in ALONE}
    assert set(alone) == set(ALONE)
    for clause, threshold in ALONE.items():
        numbers = re.findall(r"[\d.]+", alone[clause])
        assert numbers == ([] if threshold is None else [f"{threshold:g}"]), clause
    page = PAGE.read_text("utf-8")
    for words, constant in (
        ("share of coverage over", rules.COVERAGE_OF_REAL),
        ("`variety` is", rules.APART),
    ):
        assert f"{words} {constant:g}" in page


@through("ladder", LADDERS)
def test_a_ladder_rises_takes_every_value_and_a_limit_belongs_to_its_step(ladder: tuple[Step, ...]) -> None:
    assert all(a.limit < b.limit for a, b in pairwise(ladder))
    assert step_of(ladder, 1e9) is ladder[-1]
    for below, above in pairwise(ladder):
        assert step_of(ladder, below.limit) is below
        assert step_of(ladder, below.limit + 1e-9) is above


@through(
    "findings, told",
    [
        (found(), ""),
        (found(error=0.2, detail=0.1), "Reconstructs well, but blurs."),
        (found(error=0.2, detail=0.9), "Reconstructs well."),
        (found(error=0.8, detail=0.1), "Reconstructs poorly and blurs."),
        (found(error=1.2, detail=0.1), "Reconstructs no better than the mean image."),
        (found(error=1.2, label_agreement=0.9), "Redraws each image as another one of its class."),
        (found(error=0.2, label_agreement=0.9), "Reconstructs well."),
        (found(error=0.5, label_agreement=0.3), "Reconstructs roughly, but often changes the class."),
        (
            found(error=1.5, spread=0.005, precision_classifier=(1.0, 0.9), density_classifier=(1.0, 0.9)),
            "Draws the same picture for every code and reconstructs no better than the mean image.",
        ),
        (found(spread=0.3, variety_classifier=0.05), "Draws the same picture for every code."),
        (found(spread=0.01, variety_classifier=0.9), "Samples are varied."),
        (found(spread=0.3), "Samples are less varied than the data."),
        (found(spread=0.9, coverage_classifier=(0.05, 0.95)), "Samples cover little of the data."),
        (
            found(spread=0.9, variety_efficientnet=0.6, variety_classifier=1.0),
            "Samples are less varied than the data.",
        ),
        (found(swd=(20.0, 19.0)), "Samples look like the data."),
        (
            found(swd=(200.0, 19.0), sharpness=(0.1, 1.0)),
            "Samples do not look like the data and are blurred.",
        ),
        (
            found(
                variety_classifier=1.0,
                precision_classifier=(0.9, 0.9),
                density_classifier=(0.9, 0.9),
                sharpness=(3.0, 1.0),
                copied=0.01,
            ),
            "Samples are varied, look like the data and are no copies of training images, "
            "but have too much fine detail.",
        ),
        (
            found(swd=(20.0, 19.0), copied=0.4),
            "Samples look like the data, but are copies of training images, 40 in 100.",
        ),
        (found(swd=(200.0, 19.0), copied=0.01), "Samples do not look like the data."),
        (
            found(nearest_train=(4.0, 40.0), sharpness=(1.0, 1.0)),
            "Samples stay nearer to training images than new images do.",
        ),
        (found(nearest_train=(4.0, 40.0), sharpness=(0.1, 1.0)), "Samples are blurred."),
        (
            found(near_data=(0.97, 0.99), modes_covered=(6.0, 8.0), jsd_nats=(0.1, 0.005)),
            "Samples lie on the data and follow the density of the data roughly, but cover 6 of 8 modes.",
        ),
        (found(modes_covered=(8.0, 8.0)), "Samples cover all 8 modes."),
    ],
)
def test_what_is_said(findings: Findings, told: str) -> None:
    assert sentence(findings) == told


def test_a_network_among_several_has_its_name() -> None:
    assert sentence(found(error=0.2, spread=0.9), named=True) == (
        "The decoder reconstructs well; its samples are varied."
    )
    assert sentence(found(spread=0.9), named=True) == "The decoder's samples are varied."
    assert sentence(found(spread=0.0), named=True) == "The decoder draws the same picture for every code."


def test_precision_and_density_count_both() -> None:
    for precision, density in ((0.9, 0.1), (0.1, 0.9)):
        low = found(precision_classifier=(precision, 0.9), density_classifier=(density, 0.9))
        assert sentence(low) == "Samples look little like the data."


def test_varied_samples_that_cover_little_are_not_real() -> None:
    scores = {"precision_classifier": (0.9, 0.9), "density_classifier": (0.9, 0.9)}
    covering = scores | {"coverage_classifier": (0.1, 0.9)}
    assert found(spread=0.9, **covering).realism() == pytest.approx(1 / 9 / rules.COVERAGE_OF_REAL)
    assert found(spread=0.2, **covering).realism() == 1.0
    assert found(spread=0.9, **scores).realism() == 1.0


def test_the_preferred_features_count_first() -> None:
    both = found(
        precision_classifier=(0.9, 0.9),
        density_classifier=(0.9, 0.9),
        precision_efficientnet=(0.1, 0.9),
        density_efficientnet=(0.9, 0.9),
    )
    assert both.realism() == pytest.approx(1 / 9)
