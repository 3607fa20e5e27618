"""Recipes: named starting points. Each says its source and what to expect; every method's name is one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace

from chimerae.errors import InputError, spelt, unknown
from chimerae.extensions import checked, is_reference, point_at, points
from chimerae.methods import AVAE, GAN, VAE, VAEGAN, WGANGP, BiGAN, Method
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


def recipe(what: str | Method | Recipe) -> Recipe:
    """The recipe called `what` (case and punctuation do not matter), or one for a method from outside.

    Args:
        what: the name of a recipe; a reference such as `./my_method.py:MyMethod` to a class of methods, to
            one of its instances or to a `Recipe`; the name under which an installed package lists one; or
            such an object itself.

    Raises:
        InputError: there is none; the nearest name is suggested.
    """
    if isinstance(what, str):
        known = spelt(what, BY_NAME)
        if known is not None:
            return BY_NAME[known]
        return _from_outside(what)
    if isinstance(what, Recipe):
        return what
    own = BY_NAME.get(what.name)
    if own is not None and type(own.method) is type(what):
        return replace(own, method=what)
    return _recipe_for(what)


def _from_outside(name: str) -> Recipe:
    if not is_reference(name) and name not in points("method"):
        raise unknown("method or recipe", name, [*BY_NAME, *points("method")])
    found = point_at("method", name)
    if isinstance(found, Recipe):
        return found
    cls = checked("method", name, Method, found if isinstance(found, type) else type(found))
    try:
        return _recipe_for(found if isinstance(found, Method) else cls())
    except TypeError as error:
        raise InputError(f"the method {name} needs defaults for all its settings: {error}") from None


def _recipe_for(method: Method) -> Recipe:
    about = " ".join((inspect.getdoc(method) or "").split("\n\n")[0].split())
    return Recipe(method.name, about or f"{method.name}, from outside the package", method, DCGAN_ADAM)
