"""IntroVAE, Soft-IntroVAE, AS-IntroVAE: their published settings, on images and on points."""

from __future__ import annotations

from chimerae.methods import ASIntroVAE, IntroVAE, SoftIntroVAE
from chimerae.networks import MLP, Residual
from chimerae.recipes.recipe import Recipe
from chimerae.training.settings import Optimizer, Training

ADAM = Training(optimizer=Optimizer(beta1=0.9))
"""Adam(2e-4, 0.9, 0.999), batch 64; the published codes let the rate stand (they cut it at epoch 350)."""
POINTS_ADAM = Training(
    batch_size=512,
    optimizer=Optimizer(beta1=0.9, schedule="steps", final=0.01),
    ema=0.0,
    picture_every=5000,
    save_every=5000,
)
"""As Soft-IntroVAE's code has it for points: a tenth at a third, and again at half of 30,000 steps."""
POINTS_MLP = MLP(width=256, depth=4)
POINTS_STEPS, POINTS_WARM_UP = 30_000, 2_000

TUNED = {
    "8gaussians": (0.3, 0.2, 0.9),
    "2spirals": (0.5, 0.2, 1.0),
    "checkerboard": (0.1, 0.2, 0.2),
    "rings": (0.2, 0.2, 1.0),
}
"""`beta_kl, beta_rec, beta_neg` of Soft-IntroVAE for each toy, from its code."""


def _on_points(kind: type[SoftIntroVAE] | type[ASIntroVAE], toy: str, about: str) -> Recipe:
    beta_kl, beta_rec, beta_neg = TUNED[toy]
    method = kind(z_dim=2, beta_kl=beta_kl, beta_rec=beta_rec, beta_neg=beta_neg, num_vae=POINTS_WARM_UP)
    return Recipe(
        f"{kind.name}-{toy}", about, method, POINTS_ADAM, toy, POINTS_MLP, extra={"steps": POINTS_STEPS}
    )


RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "introvae",
        "IntroVAE: an encoder that is its own critic, by a margin of KL (Huang et al. 2018)",
        IntroVAE(),
        ADAM,
        images=Residual(width=32, block_bn="after_add"),
    ),
    Recipe(
        "soft-introvae",
        "Soft-IntroVAE: the margin softened to an exponential (Daniel and Tamar 2021)",
        SoftIntroVAE(),
        ADAM,
        images=Residual(),
    ),
    Recipe(
        "as-introvae",
        "AS-IntroVAE: Soft-IntroVAE with an annealed distance of batches (Lu et al. 2022)",
        ASIntroVAE(),
        ADAM,
        images=Residual(),
    ),
    *(
        _on_points(SoftIntroVAE, toy, f"Soft-IntroVAE on {toy}, its code's settings: 30,000 steps of 512")
        for toy in TUNED
    ),
    _on_points(ASIntroVAE, "8gaussians", "AS-IntroVAE on 8gaussians, with Soft-IntroVAE's settings"),
)
"""Those of this family, in the order in which they are listed."""
