"""Recipes of the autoencoders whose codes, taken together, are made to look like the prior."""

from __future__ import annotations

from chimerae.methods import AAE, WAEGAN, WAEMMD
from chimerae.networks import WAE
from chimerae.recipes.recipe import Recipe
from chimerae.training.settings import Changes, Optimizer, Training

MMD_ADAM = Training(
    batch_size=100, optimizer=Optimizer(lr=1e-3, schedule="late_steps", final=0.2), picture_every=2000
)
"""Adam(1e-3, 0.5), batch 100, the rate halved after 30 and at a fifth after 50 of 55 epochs: the paper."""
GAN_ADAM = Training(
    batch_size=100,
    optimizer=Optimizer(lr=3e-4, schedule="late_steps", final=0.2),
    players={"adversary": Changes(lr=1e-3, schedule="late_steps", final=0.2)},
    picture_every=2000,
)
"""As `MMD_ADAM` with 3e-4, and 1e-3 for the adversary: the published code's CelebA settings."""
MNIST_GAN_ADAM = Training(
    batch_size=100,
    optimizer=Optimizer(lr=1e-3, schedule="late_steps", final=0.2),
    players={"adversary": Changes(lr=5e-4, schedule="late_steps", final=0.2)},
    picture_every=2000,
)
AAE_ADAM = Training(
    batch_size=100,
    optimizer=Optimizer(lr=3e-4),
    players={"adversary": Changes(lr=1e-3), "forger": Changes(lr=3e-4)},
)
"""WAE-GAN's rates; the paper has stochastic gradients with momentum, and its rates were not at hand."""
IN_UNIT_RANGE = 0.0125
"""The published weight 0.05 of a squared error in [0, 1], for one in [-1, 1] (four times as large)."""

WASSERSTEIN: tuple[Recipe, ...] = (
    Recipe(
        "wae-mmd",
        "Wasserstein autoencoder with a kernel distance of codes (Tolstikhin et al. 2018)",
        WAEMMD(),
        MMD_ADAM,
    ),
    Recipe(
        "wae-gan",
        "Wasserstein autoencoder with an adversary on codes (Tolstikhin et al. 2018)",
        WAEGAN(),
        GAN_ADAM,
    ),
    Recipe("aae", "adversarial autoencoder, in three phases (Makhzani et al. 2015)", AAE(), AAE_ADAM),
    Recipe(
        "wae-mmd-mnist",
        "WAE-MMD with the paper's networks and settings for MNIST",
        WAEMMD(z_dim=8, penalty=10.0, recon_weight=IN_UNIT_RANGE, pretrain=200),
        MMD_ADAM,
        arch=WAE(),
        extra={"steps": 60_000},
    ),
    Recipe(
        "wae-gan-mnist",
        "WAE-GAN with the paper's networks and settings for MNIST",
        WAEGAN(z_dim=8, penalty=10.0, recon_weight=IN_UNIT_RANGE, p_trick="off"),
        MNIST_GAN_ADAM,
        arch=WAE(),
        extra={"steps": 60_000},
    ),
)
"""Every recipe of this family, in the order in which they are listed."""
