"""Recipes: named starting points. Each says its source and what to expect; every method's name is one."""

from __future__ import annotations

from collections.abc import Mapping

from chimerae.errors import spelt, unknown
from chimerae.methods import AVAE, GAN, VAE, VAEGAN, WGANGP, BiGAN
from chimerae.networks import MLP
from chimerae.recipes import introspective
from chimerae.recipes.introspection import INTROSPECTION
from chimerae.recipes.pairs import PAIRS
from chimerae.recipes.recipe import Recipe
from chimerae.recipes.wasserstein import WASSERSTEIN
from chimerae.training.settings import Optimizer, Training

DCGAN_ADAM = Training(optimizer=Optimizer(schedule="exponential", final=0.02))
"""Adam(2e-4, 0.5, 0.999), batch 64, the rate falling to 2 percent: the AVAE paper's code, for all its
methods.
"""
WGAN_GP_ADAM = Training(optimizer=Optimizer(lr=1e-4, beta1=0.5, beta2=0.9))
"""Adam(1e-4, 0.5, 0.9), batch 64: Gulrajani et al. 2017, algorithm 1 and its code."""


TOY_ADAM = Training(
    batch_size=256,
    optimizer=Optimizer(lr=1e-3, schedule="exponential", final=0.02),
    ema=0.0,
    picture_every=4000,
    save_every=4000,
)
"""For `avae-toy`. The paper says nothing about it; docs/methods/avae.md has what was tried."""


RECIPES: tuple[Recipe, ...] = (
    Recipe("vae", "VAE; --method.beta makes it a beta-VAE (Kingma and Welling 2013)", VAE(), DCGAN_ADAM),
    Recipe("gan", "GAN with logistic loss (Goodfellow et al. 2014; DCGAN's settings)", GAN(), DCGAN_ADAM),
    Recipe(
        "wgan-gp", "Wasserstein GAN with gradient penalty (Gulrajani et al. 2017)", WGANGP(), WGAN_GP_ADAM
    ),
    Recipe(
        "vae-gan",
        "VAE/GAN: errors measured in the critic's features (Larsen et al. 2015)",
        VAEGAN(),
        DCGAN_ADAM,
    ),
    Recipe(
        "avae",
        "AVAE: a VAE and a sharp generator that share one code (Plumerault et al. 2020)",
        AVAE(),
        DCGAN_ADAM,
    ),
    Recipe(
        "avae-toy",
        "two branches and a one-dimensional code: figure 6 of the AVAE paper",
        AVAE(z_dim=1),
        TOY_ADAM,
        data="avae-sine",
        arch=MLP(activation="tanh"),
        extra={"steps": 16_000},
    ),
    *introspective.RECIPES,
    Recipe(
        "bigan",
        "BiGAN: a critic of pairs of sample and code (Donahue et al. 2016; the AVAE paper's settings)",
        BiGAN(),
        DCGAN_ADAM,
    ),
    *PAIRS,
    *WASSERSTEIN,
    *INTROSPECTION,
)
"""Every recipe, in the order in which they are listed."""

BY_NAME: Mapping[str, Recipe] = {recipe.name: recipe for recipe in RECIPES}


def recipe(name: str) -> Recipe:
    """The recipe called `name`; case and punctuation do not matter.

    Raises:
        InputError: there is none; the nearest name is suggested.
    """
    known = spelt(name, BY_NAME)
    if known is None:
        raise unknown("method or recipe", name, BY_NAME)
    return BY_NAME[known]
