"""Default ranges of a search."""

from __future__ import annotations

import pytest

from chimerae.config import override
from chimerae.methods import METHODS
from chimerae.recipes.build import build
from chimerae.recipes.presets import RECIPES
from chimerae.recipes.spaces import WEIGHTS, around, space_of
from chimerae.run_folder.search import Choice, Range
from chimerae.tuning.ranges import value_of
from tests.helpers.rows import through


def test_every_method_has_an_entry_and_only_fields_of_its_own():
    assert WEIGHTS.keys() == {method.name for method in METHODS}
    for method in METHODS:
        assert WEIGHTS[method.name].keys() <= {*method.__dataclass_fields__}


@through("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_ranges_hold_the_recipes_own_values_and_can_be_used(recipe):
    run = build(recipe.name, data=recipe.data or "digits", preset="short")
    space = space_of(run)
    assert {"training.batch_size", "arch.width"} <= space.keys()
    for path, each in space.items():
        assert each.holds(value_of(run, path)), path
        for end in (each.low, each.high) if isinstance(each, Range) else each.values:
            override(run, {path: end})


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("vae", ["training.optimizer.lr"]),
        ("wae-gan", ["training.optimizer.lr", "training.players.critic.lr"]),
        ("id-gan", [f"training.players.{player}.lr" for player in ("vae", "generator", "critic")]),
    ],
)
def test_rates_are_those_that_some_player_has(name, rates):
    space = space_of(build(name, data="digits", preset="short"))
    assert [path for path in space if path.endswith(".lr")] == rates


def test_terms_that_are_switched_off_stay_off():
    run = build("gan", data="digits", preset="short")
    assert "method.r1" in space_of(run)
    assert "method.r1" not in space_of(override(run, {"method.r1": 0.0}))
    none = override(build("soft-introvae", data="digits", preset="short"), {"method.exponent_kl": None})
    assert "method.exponent_kl" not in space_of(none)
    assert "method.exponent_kl" not in space_of(override(none, {"method.exponent_kl": "balanced"}))


def test_sizes_are_halved_and_doubled():
    run = build("vae", data="digits", preset="short")
    for batch, parts, choice in ((32, 1, (16, 32, 64)), (7, 1, (7, 14)), (8, 4, (8, 16)), (2, 1, (2, 4))):
        asked = override(run, {"training.batch_size": batch, "training.grad_accumulation": parts})
        assert space_of(asked)["training.batch_size"] == Choice(values=choice)
    assert around(0.3, 3) == Range(low=0.1, high=0.9, log=True)
