"""Recipes with the networks of StyleGAN2, for images of 256 to 1,024 px. None has been run at full size."""

from __future__ import annotations

from chimerae.methods import AVAE, GAN, SoftIntroVAE
from chimerae.networks import Style
from chimerae.recipes.recipe import Recipe
from chimerae.training.settings import Optimizer, Training

STYLE_ADAM = Training(
    batch_size=32,
    optimizer=Optimizer(lr=2.5e-3, beta1=0.0, beta2=0.99),
    ema=0.998,
    flip=True,
)
"""Adam(2.5e-3, 0, 0.99), batch 32, mirrored images, an average with a half-life of 10,000 images: the
published settings of StyleGAN2 at 256 px. Its lazy penalties are steps of their own, for which it lowers
rates and decays by k / (k + 1); here a penalty is part of the same step, and they stay.
"""
STYLE_INTROSPECTIVE_ADAM = Training(
    batch_size=32, optimizer=Optimizer(lr=1.5e-3, beta1=0.0, beta2=0.99), flip=True
)
"""Adam(1.5e-3, 0, 0.99): Soft-IntroVAE's code for its style-based version."""
HALF_WIDTH = Style(width=64, deviation_group=4)
"""Half of StyleGAN2's channels at 256 px, as in its authors' settings for that size."""

STYLEGAN2_ADAM = Training(
    batch_size=32, optimizer=Optimizer(lr=2e-3, beta1=0.0, beta2=0.99), ema=0.998, flip=True
)
"""Adam(2e-3, 0, 0.99), batch 32: configuration F of StyleGAN2, without the changes for lazy penalties."""

STYLE_RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "stylegan2",
        "GAN with the networks and penalties of StyleGAN2, configuration F (Karras et al. 2020)",
        GAN(z_dim=512, r1=10.0, r1_every=16, path_length=2.0, path_length_every=4, mixing=0.9),
        STYLEGAN2_ADAM,
        images=Style(normalise_codes=True, deviation_group=4),
        extra={"steps": 780_000},
    ),
    Recipe(
        "avae-style",
        "AVAE with StyleGAN2's networks, for 256 px: figure 9 of its paper, which gives no settings",
        AVAE(
            z_dim=512,
            latent_loss="official",
            latent_warmup=0.5,
            adv_loss="softplus",
            r1=1.0,
            r1_every=16,
        ),
        STYLE_ADAM,
        images=HALF_WIDTH,
        extra={"steps": 200_000},
    ),
    Recipe(
        "soft-introvae-style",
        "Soft-IntroVAE's settings for style-based networks at 256 px, on StyleGAN2's (its: StyleGAN's)",
        SoftIntroVAE(z_dim=512, beta_kl=0.2, beta_rec=0.1, beta_neg=512.0, scale=5e-6, warmup_steps=2_000),
        STYLE_INTROSPECTIVE_ADAM,
        images=HALF_WIDTH,
        extra={"steps": 200_000},
    ),
)
