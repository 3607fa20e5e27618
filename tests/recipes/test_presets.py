"""Optimisers of the recipes, written out from their sources (docs/methods has page and file of each)."""

from __future__ import annotations

import pytest

from chimerae.recipes.build import build
from chimerae.recipes.plan import operations
from chimerae.recipes.presets import RECIPES
from chimerae.shapes import SIGNED, UNIT
from tests.helpers.rows import through

AVAE_CODE = ("adam", 2e-4, 0.5, 0.999, 64)
SOFT_CODE = ("adam", 2e-4, 0.9, 0.999, 64)
SOFT_TOYS = ("adam", 2e-4, 0.9, 0.999, 512)
WAE_PAPER = ("adam", 1e-3, 0.5, 0.999, 100)
OPTIMISERS = {
    "vae": AVAE_CODE,
    "gan": AVAE_CODE,
    "wgan-gp": ("adam", 1e-4, 0.5, 0.9, 64),
    "vae-gan": AVAE_CODE,
    "avae": AVAE_CODE,
    "avae-toy": ("adam", 1e-3, 0.5, 0.999, 256),
    "introvae": SOFT_CODE,
    "soft-introvae": SOFT_CODE,
    "as-introvae": SOFT_CODE,
    **{f"soft-introvae-{toy}": SOFT_TOYS for toy in ("8gaussians", "2spirals", "checkerboard", "rings")},
    "as-introvae-8gaussians": SOFT_TOYS,
    "bigan": AVAE_CODE,
    "ali": ("adam", 1e-4, 0.5, 0.999, 100),
    "alice": ("adam", 1e-4, 0.5, 0.999, 64),
    "biadversarial": ("adam", 3e-4, 0.5, 0.999, 64),
    "wae-mmd": WAE_PAPER,
    "wae-gan": ("adam", 3e-4, 0.5, 0.999, 100),
    "aae": ("adam", 3e-4, 0.5, 0.999, 100),
    "wae-mmd-mnist": WAE_PAPER,
    "wae-gan-mnist": WAE_PAPER,
    "id-gan": ("rmsprop", 1e-4, 0.5, 0.99, 64),
    "ian": ("adam", 2e-4, 0.5, 0.999, 16),
    "kl-gan": ("adam", 5.4e-5, 0.5, 0.9, 12),
    "avae-frozen": AVAE_CODE,
    "stylegan2": ("adam", 2e-3, 0.0, 0.99, 32),
    "avae-style": ("adam", 2.5e-3, 0.0, 0.99, 32),
    "soft-introvae-style": ("adam", 1.5e-3, 0.0, 0.99, 32),
}
"""Kind, rate, decays of both moments, batch."""
FALLS = {
    **dict.fromkeys(
        ("vae", "gan", "vae-gan", "avae", "avae-frozen", "avae-toy", "bigan"), ("exponential", 0.02)
    ),
    **{name: ("steps", 0.01) for name, of in OPTIMISERS.items() if of == SOFT_TOYS},
    **dict.fromkeys(("wae-mmd", "wae-gan"), ("late_steps", 0.2)),
    **dict.fromkeys(("wae-mmd-mnist", "wae-gan-mnist"), ("early_steps", 0.1)),
    "ian": ("steps", 0.05),
}
"""Schedule, and the share of the rate that is left at its end; the rate of all others stands."""
RATES = {
    ("wae-gan", "critic"): 1e-3,
    ("wae-gan-mnist", "critic"): 5e-4,
    ("aae", "critic"): 1e-3,
    ("id-gan", "vae"): 1e-4,
}
IN_UNIT = {"introvae", "soft-introvae", "as-introvae", "biadversarial"}
"""Methods whose published codes learn images in [0, 1]; all others [-1, 1]."""


@through("made", RECIPES, ids=lambda made: made.name)
def test_recipes_have_the_optimisers_of_their_sources(made):
    s = made.training.optimizer
    assert (s.kind, s.lr, s.beta1, s.beta2, made.training.batch_size) == OPTIMISERS[made.name]
    schedule = FALLS.get(made.name)
    assert (s.schedule == "constant") if schedule is None else ((s.schedule, s.final) == schedule)
    for player in made.method.players:
        own = made.training.optimizer_of(player)
        assert own.lr == RATES.get((made.name, player), s.lr)
        if schedule is not None:
            assert (own.schedule, own.final) == schedule


@through("made", [made for made in RECIPES if made.name.endswith("-mnist")], ids=lambda made: made.name)
def test_waes_of_mnist_have_the_settings_of_the_published_code(made):
    """0.05 and 0.01 are meant for pixels in [0, 1]; half the rate from epoch 30 of 100, a tenth from 50."""
    m = made.method
    assert (m.z_dim, m.penalty, m.recon_weight * 4, m.add_noise / 2) == (8, 10.0, 0.05, 0.01)
    assert made.extra["steps"] == 100 * 60_000 // made.training.batch_size
    for player in m.players:
        own = made.training.optimizer_of(player)
        shares = [own.lr_at(epoch / 100) / own.lr for epoch in (0, 29.9, 30, 49.9, 50, 99)]
        assert shares == pytest.approx([1, 1, 0.5, 0.5, 0.1, 0.1])


def test_the_vae_of_id_gan_has_adam_and_its_game_rmsprop():
    (made,) = (made for made in RECIPES if made.name == "id-gan")
    vae, *game = (made.training.optimizer_of(player) for player in ("vae", "generator", "critic"))
    assert (vae.kind, vae.lr, vae.beta1, vae.beta2) == ("adam", 1e-4, 0.9, 0.999)
    assert {(s.kind, s.lr, s.beta2) for s in game} == {("rmsprop", 1e-4, 0.99)}


@through("made", RECIPES, ids=lambda made: made.name)
def test_recipes_learn_in_the_range_of_their_sources(made):
    assert made.method.value_range == (UNIT if made.method.name in IN_UNIT else SIGNED)


@through("name", ["stylegan2", "avae-style", "soft-introvae-style"])
def test_recipes_of_large_images_can_be_counted(name):
    """The arithmetic of a step, on images that are smaller than theirs."""
    run = build(name, data="digits", settings={"arch.width": 2})
    assert run.arch.name == "style"
    assert operations(run, (3, 32, 32)) > 0
