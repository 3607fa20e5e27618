"""Recipes of Soft-IntroVAE's toys, with the settings of its code."""

from __future__ import annotations

from collections.abc import Mapping

from chimerae.methods import ASIntroVAE, SoftIntroVAE
from chimerae.networks import MLP
from chimerae.recipes.optimizers import POINTS_ADAM
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


def _on_points(kind: type[SoftIntroVAE] | type[ASIntroVAE], toy: str, about: str) -> Recipe:
    beta_kl, beta_rec, beta_neg = TUNED[toy]
    method = kind(z_dim=2, beta_kl=beta_kl, beta_rec=beta_rec, beta_neg=beta_neg, warmup_steps=POINTS_WARM_UP)
    return Recipe(
        f"{kind.name}-{toy}", about, method, POINTS_ADAM, toy, POINTS_MLP, extra={"steps": POINTS_STEPS}
    )


POINTS_RECIPES: tuple[Recipe, ...] = (
    *(
        _on_points(SoftIntroVAE, toy, f"Soft-IntroVAE on {toy}, its code's settings: 30,000 steps of 512")
        for toy in TUNED
    ),
    _on_points(ASIntroVAE, "8gaussians", "AS-IntroVAE on 8gaussians, with Soft-IntroVAE's settings"),
)
