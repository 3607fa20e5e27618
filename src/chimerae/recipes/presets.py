"""Recipes: named starting points. Each states its source and what to expect; every method's name is one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chimerae.errors import InputError, spelt
from chimerae.extensions import checked, point_at
from chimerae.methods import (
    AAE,
    ALICE,
    AVAE,
    GAN,
    IAN,
    IDGAN,
    KLGAN,
    VAE,
    VAEGAN,
    WAEGAN,
    WAEMMD,
    WGANGP,
    ASIntroVAE,
    AVAEFrozen,
    Biadversarial,
    BiGAN,
    IntroVAE,
    Method,
    SoftIntroVAE,
)
from chimerae.networks import MLP, WAE, Residual, Spatial
from chimerae.recipes.optimizers import (
    AAE_ADAM,
    ALI_ADAM,
    ALICE_ADAM,
    BIADVERSARIAL_ADAM,
    DCGAN_ADAM,
    GAN_ADAM,
    IAN_ADAM,
    ID_GAN_RMSPROP,
    INTROSPECTIVE_ADAM,
    KL_GAN_ADAM,
    MMD_ADAM,
    MNIST_GAN_ADAM,
    MNIST_MMD_ADAM,
    POINTS_ADAM,
    TOY_ADAM,
    WGAN_GP_ADAM,
)
from chimerae.recipes.recipe import Recipe

POINTS_MLP = MLP(width=256, depth=4)
POINTS_STEPS, POINTS_WARM_UP = 30_000, 2_000
TUNED: Mapping[str, tuple[float, float, float]] = {
    "8gaussians": (0.3, 0.2, 0.9),
    "2spirals": (0.5, 0.2, 1.0),
    "checkerboard": (0.1, 0.2, 0.2),
    "rings": (0.2, 0.2, 1.0),
}
"""`beta_kl, beta_rec, beta_neg` of Soft-IntroVAE for each toy, from its code."""
IN_UNIT_RANGE = 0.0125
"""The published weight 0.05 of a squared error in [0, 1], for one in [-1, 1] (four times as large)."""
NOISE_IN_UNIT_RANGE = 0.02
"""The published noise 0.01 on pixels in [0, 1], for pixels in [-1, 1]."""
WAE_MNIST: Mapping[str, Any] = {
    "z_dim": 8,
    "penalty": 10.0,
    "recon_weight": IN_UNIT_RANGE,
    "add_noise": NOISE_IN_UNIT_RANGE,
}
"""The published code's settings of both WAEs for MNIST."""


def _on_points(kind: type[SoftIntroVAE] | type[ASIntroVAE], toy: str, about: str) -> Recipe:
    beta_kl, beta_rec, beta_neg = TUNED[toy]
    method = kind(z_dim=2, beta_kl=beta_kl, beta_rec=beta_rec, beta_neg=beta_neg, warmup_steps=POINTS_WARM_UP)
    return Recipe(
        f"{kind.name}-{toy}", about, method, POINTS_ADAM, toy, POINTS_MLP, extra={"steps": POINTS_STEPS}
    )


RECIPES: tuple[Recipe, ...] = (
    Recipe("vae", "VAE; --method.beta makes it a beta-VAE (Kingma and Welling 2013)", VAE(), DCGAN_ADAM),
    Recipe("gan", "GAN with logistic loss (Goodfellow et al. 2014; DCGAN's settings)", GAN(), DCGAN_ADAM),
    Recipe(
        "wgan-gp", "Wasserstein GAN with gradient penalty (Gulrajani et al. 2017)", WGANGP(), WGAN_GP_ADAM
    ),
    Recipe("vae-gan", "VAE/GAN: errors in the critic's features (Larsen et al. 2015)", VAEGAN(), DCGAN_ADAM),
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
    Recipe(
        "introvae",
        "IntroVAE: an encoder that is its own critic, by a margin of KL (Huang et al. 2018)",
        IntroVAE(),
        INTROSPECTIVE_ADAM,
        images=Residual(width=32, block_bn="after_add"),
    ),
    Recipe(
        "soft-introvae",
        "Soft-IntroVAE: the margin softened to an exponential (Daniel and Tamar 2021)",
        SoftIntroVAE(),
        INTROSPECTIVE_ADAM,
        images=Residual(),
    ),
    Recipe(
        "as-introvae",
        "AS-IntroVAE: Soft-IntroVAE with an annealed distance of batches (Lu et al. 2022)",
        ASIntroVAE(),
        INTROSPECTIVE_ADAM,
        images=Residual(),
    ),
    *(
        _on_points(SoftIntroVAE, toy, f"Soft-IntroVAE on {toy}, its code's settings: 30,000 steps of 512")
        for toy in TUNED
    ),
    _on_points(ASIntroVAE, "8gaussians", "AS-IntroVAE on 8gaussians, with Soft-IntroVAE's settings"),
    Recipe(
        "bigan",
        "BiGAN: a critic of pairs of sample and code (Donahue et al. 2016; the AVAE paper's settings)",
        BiGAN(),
        DCGAN_ADAM,
    ),
    Recipe(
        "ali", "ALI: BiGAN with codes that are drawn (Dumoulin et al. 2016)", BiGAN(sigma="free"), ALI_ADAM
    ),
    Recipe("alice", "ALICE: ALI whose samples and codes come back (Li et al. 2017)", ALICE(), ALICE_ADAM),
    Recipe(
        "biadversarial",
        "VAE whose posterior and likelihood are networks fed with noise (Fickinger 2019)",
        Biadversarial(),
        BIADVERSARIAL_ADAM,
    ),
    Recipe(
        "wae-mmd",
        "Wasserstein autoencoder with a kernel distance of codes (Tolstikhin et al. 2018)",
        WAEMMD(),
        MMD_ADAM,
    ),
    Recipe(
        "wae-gan",
        "Wasserstein autoencoder with a critic of codes (Tolstikhin et al. 2018)",
        WAEGAN(),
        GAN_ADAM,
    ),
    Recipe("aae", "adversarial autoencoder, in three phases (Makhzani et al. 2015)", AAE(), AAE_ADAM),
    Recipe(
        "wae-mmd-mnist",
        "WAE-MMD with the published code's networks and settings for MNIST",
        WAEMMD(**WAE_MNIST, pretrain=200),
        MNIST_MMD_ADAM,
        arch=WAE(),
        extra={"steps": 60_000},
    ),
    Recipe(
        "wae-gan-mnist",
        "WAE-GAN with the published code's networks and settings for MNIST",
        WAEGAN(**WAE_MNIST, p_trick="off"),
        MNIST_GAN_ADAM,
        arch=WAE(),
        extra={"steps": 60_000},
    ),
    Recipe(
        "id-gan",
        "a beta-VAE, then a GAN that its frozen encoder must be able to read (Lee et al. 2020)",
        IDGAN(),
        ID_GAN_RMSPROP,
    ),
    Recipe(
        "ian",
        "codes read from the features of a critic of three outcomes (Brock et al. 2017, simplified)",
        IAN(),
        IAN_ADAM,
    ),
    Recipe(
        "kl-gan",
        "KL autoencoder of latent diffusion, with codes that are maps (Rombach et al. 2022)",
        KLGAN(perceptual="lpips-vgg", scale="fixed", critic_start=0.0, critic_start_step=50_001),
        KL_GAN_ADAM,
        images=Spatial(width=128, blocks=2, patch_width=64),
        extra={"steps": 200_000},
    ),
    Recipe(
        "avae-frozen",
        "AVAE against a frozen representation, by default EfficientNet-Lite0's (no paper: ours)",
        AVAEFrozen(),
        DCGAN_ADAM,
    ),
)
"""Every recipe, in the order of `chimerae list recipes`."""

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
    found = point_at("method", name, BY_NAME, called="method or recipe")
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
