"""Recipes of the methods that match pairs of sample and code."""

from __future__ import annotations

from chimerae.methods import ALICE, Biadversarial, BiGAN
from chimerae.recipes.recipe import Recipe
from chimerae.training.settings import Optimizer, Training

ALI_ADAM = Training(batch_size=100, optimizer=Optimizer(lr=1e-4))
"""Adam(1e-4, 0.5, 0.999), batch 100, constant rate: the code of Dumoulin et al. 2016."""
ALICE_ADAM = Training(optimizer=Optimizer(lr=1e-4))
"""Adam(1e-4, 0.5, 0.999), batch 64, constant rate: the code of Li et al. 2017 for images."""

BIADVERSARIAL_ADAM = Training(optimizer=Optimizer(lr=3e-4))
"""Adam(3e-4, 0.5, 0.999), batch 64: the code of Fickinger 2019, but for its critics' rate of 3e-5, at which
ours stay blind.
"""

PAIRS: tuple[Recipe, ...] = (
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
)
"""In the order in which they are listed."""
