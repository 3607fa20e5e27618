from __future__ import annotations

import pytest
from PIL import Image

from chimerae.methods import BY_NAME
from chimerae.recipes.build import build
from chimerae.recipes.short import SHORT_ARCH, short_arch
from chimerae.studies import StudyResults
from chimerae.studies.map import map_of
from chimerae.studies.papers.family_map import FIDELITY, MNIST, REALISM, RECIPES, STUDY, frontier
from chimerae.tables import Values

PLACES = {
    "VAE": (0.10, 90.0),
    "BiGAN": (0.60, 30.0),
    "AVAE": (0.18, 25.0),
    "AVAE: generator": (0.18, 25.0),
    "AVAE: decoder": (0.09, 80.0),
    "WAE-MMD": (0.20, 95.0),
}


def found(**changed: tuple[float, float]) -> StudyResults:
    """Two seeds of each row on MNIST, a hundredth apart."""
    places = PLACES | {name.replace("_", ": "): place for name, place in changed.items()}
    values = {}
    for row, place in places.items():
        for metric, value in zip((FIDELITY, REALISM[MNIST]), place, strict=True):
            values[f"MNIST, {row}", metric] = Values((0.995 * value, value, 1.005 * value))
    values["MNIST, GAN", REALISM[MNIST]] = Values((10.0, 10.05, 10.1))
    return StudyResults(values)


def draws(method) -> bool:
    """True for methods that draw samples, learning all their networks: the map shows their realism."""
    return method.generates is not False and method.name != "avae-frozen"


def test_every_method_that_draws_has_its_place():
    assert sorted(RECIPES.values()) == sorted(name for name, method in BY_NAME.items() if draws(method))
    arms = STUDY.arms("quick")
    assert len(arms) == 3 * len(RECIPES)
    assert {(arm.group, arm.seconds) for arm in arms} == {("digits", 120.0), ("MNIST", 300.0), ("LFW", 600.0)}
    assert {(arm.run.arch.width, arm.run.training.precision) for arm in arms} == {(16, "auto")}
    before, today = arms[: len(RECIPES)], arms[len(RECIPES) :]
    assert {arm.run.training.batch_size for arm in before} == {64}
    assert {arm.run.arch for arm in before} == {SHORT_ARCH}
    for arm in today:
        short = build(RECIPES[arm.name], data="digits", preset="short").training
        assert arm.run.training.batch_size == short.batch_size == 32
        assert arm.run.arch == short_arch(RECIPES[arm.name])


def test_nobody_is_better_at_both_than_those_of_the_frontier():
    assert frontier(found(), "MNIST") == ["AVAE: decoder", "AVAE: generator"]
    assert frontier(found(VAE=(0.05, 200.0)), "MNIST") == ["VAE", "AVAE: decoder", "AVAE: generator"]


@pytest.mark.parametrize(
    ("changed", "word", "why"),
    [
        ({}, "agrees", "MNIST: AVAE: decoder, AVAE: generator"),
        ({"AVAE_generator": (0.18, 90.1)}, "disagrees", "does not sample more realistically than VAE"),
        ({"AVAE_generator": (0.65, 25.0)}, "disagrees", "does not reconstruct more exactly than BiGAN"),
    ],
)
def test_the_verdict_asks_for_both_halves_of_the_promise(changed, word: str, why: str):
    said = STUDY.verdict(found(**changed))
    assert said.word == word
    assert why in said.why


def test_the_map_shows_what_the_table_shows():
    assert STUDY.map is not None
    shown = {column.metric for column in STUDY.shows}
    assert STUDY.map.x.metric in shown
    for group, metric in REALISM.items():
        assert STUDY.map.vertical(group).metric == metric
        assert metric in shown


def test_a_panel_has_the_axis_of_its_group(monkeypatch: pytest.MonkeyPatch):
    values = {}
    for group, own in REALISM.items():
        for metric, value in {FIDELITY: 0.5, own: 3.0}.items():
            values[f"{group}, VAE", metric] = Values((value, value, value))
        values[f"{group}, data", own] = Values((1.0, 1.0, 1.0))
    drawn = []

    def panorama(panels, **words):
        drawn.extend(panels)
        return Image.new("RGB", (1, 1))

    monkeypatch.setattr("chimerae.studies.map.panorama", panorama)
    assert map_of(STUDY, STUDY.arms("quick"), StudyResults(values)) is not None
    assert [(mark.x, mark.y) for panel in drawn for mark in panel.marks] == [(0.5, 3.0)] * len(REALISM)
    assert [panel.level for panel in drawn] == [{"data": 1.0}] * len(REALISM)
    assert [panel.title for panel in drawn] == [
        "digits: FD, classifier",
        "MNIST: FD, EfficientNet",
        "LFW: FD, EfficientNet",
    ]
