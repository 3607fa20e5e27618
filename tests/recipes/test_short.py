"""Settings of short runs: every method has them, on images alone, and the sources' stay what they are."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

from chimerae.config import override, to_dict
from chimerae.errors import InputError
from chimerae.methods import METHODS
from chimerae.recipes.build import build
from chimerae.recipes.presets import RECIPES, recipe
from chimerae.recipes.short import ADAM, GAMES, LARGER, LARGEST, MAPS, RATE, SHORT, short_settings
from tests.helpers.rows import through


def test_every_method_has_settings_for_short_runs():
    assert {method.name for method in METHODS} <= set(SHORT) <= {each.name for each in RECIPES}


@through("name", SHORT)
def test_short_runs_are_the_source_with_these_settings_and_smaller_networks(name):
    paper = build(name, data="digits", arch="dcgan")
    short = build(name, data="digits", arch="dcgan", preset="short")
    assert short == override(paper, SHORT[name])
    assert paper.method == recipe(name).method
    changed = {key for key, value in SHORT[name].items() if key.startswith("method.")}
    assert changed
    assert build(name, data="digits", preset="short").arch.name == ("spatial" if name in MAPS else "dcgan")


@through("name", [name for name in SHORT if name not in MAPS])
def test_generators_of_games_of_images_draw_without_checkerboards(name):
    """A critic of images is a player of the method, or of a part of it; one of codes alone is none."""
    run = build(name, data="digits", preset="short")
    networks = run.method.networks((1, 8, 8), run.arch)
    judged = {"critic", "inference_critic", "generative_critic"} & set(networks)
    of_images = any(isinstance(m, nn.Conv2d) for critic in judged for m in networks[critic].modules())
    assert of_images == (name in GAMES)
    assert run.arch.upsampling == ("bilinear" if of_images else "transposed")
    assert run.arch.critic_start == "kaiming"


@through("name", SHORT)
def test_players_of_short_runs_learn_at_their_rate_whatever_the_recipe_gave_them(name):
    """A recipe's own rate for one player would stand in the way of the common one."""
    short = build(name, data="digits", preset="short")
    rates = {player: short.training.optimizer_of(player).lr for player in short.method.players}
    later = {"generator": short.method.generates_from, "critic": short.method.generates_from}
    begins = {player: short.training.optimizer_of(player).lr_at(later.get(player, 0)) for player in rates}
    assert begins == pytest.approx(dict.fromkeys(rates, RATE)), "at the step where they begin"
    schedules = {short.training.optimizer_of(player).schedule for player in short.method.players}
    assert schedules == {"exponential"}


@through("name, data", [("avae", "8gaussians"), ("avae-toy", None)])
def test_points_and_recipes_made_for_their_data_keep_the_sources_settings(name, data):
    short, paper = (build(name, data=data, preset=preset) for preset in ("short", "paper"))
    assert to_dict(short) == to_dict(paper)


@through("name", LARGER)
def test_the_weight_of_the_kl_follows_the_size_of_the_images(name, tmp_path):
    """Up to 16 px the recipe's own settings hold; beyond, those of larger images."""
    own, larger = SHORT[name], {**SHORT[name], **LARGER[name]}
    largest = {**larger, **LARGEST.get(name, {})}
    assert own != larger
    sizes = {(1, 16, 16): own, (3, 8, 17): larger, (1, 48, 48): larger, (3, 48, 49): largest, None: largest}
    for shape, settings in sizes.items():
        assert short_settings(name, shape) == settings

    np.savez(tmp_path / "data.npz", x_train=np.random.default_rng(0).integers(0, 256, (20, 32, 32), np.uint8))
    source = str(tmp_path / "data.npz")
    built = build(name, data=source, preset="short")
    assert built == override(built, LARGER[name])
    small = build(name, data=source, preset="short", settings={"prepare.size": 16})
    assert small == override(small, {**own, "prepare.size": 16})


def test_a_recipe_without_settings_of_its_own_has_the_common_rate():
    assert short_settings("a-method-from-outside", (3, 64, 64)) == ADAM


def test_settings_that_are_given_win():
    run = build(
        "gan", data="digits", preset="short", settings={"method.r1": 0.5, "training.optimizer.lr": 3e-4}
    )
    assert (run.method.r1, run.training.optimizer.lr) == (0.5, 3e-4)


def test_an_unknown_preset_is_refused():
    with pytest.raises(InputError, match="preset"):
        build("gan", data="digits", preset="shirt")
