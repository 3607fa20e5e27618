"""Recipes of hybrids whose encoder is frozen, or sits on the critic."""

from __future__ import annotations

from chimerae.methods import IAN, IDGAN
from chimerae.recipes.recipe import Recipe
from chimerae.training.settings import Changes, Optimizer, Training

ID_GAN_RMSPROP = Training(
    optimizer=Optimizer(kind="rmsprop", lr=1e-4, beta2=0.99),
    players={"vae": Changes(lr=1e-4, beta1=0.9)},
)
"""RMSProp(1e-4, 0.99) for the GAN, Adam(1e-4, 0.9) for the VAE, batch 64: the published code."""
IAN_ADAM = Training(
    batch_size=16,
    optimizer=Optimizer(schedule="steps", final=0.05),
    players={"encoder": Changes(schedule="steps", final=0.05, weight_decay=1e-5)},
)
"""Adam(2e-4, 0.5), batch 16, the rate falling to a twentieth: the published code in fewer steps."""

INTROSPECTION: tuple[Recipe, ...] = (
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
)
"""Every recipe of this family, in the order in which they are listed."""
