"""Settings with which each method learns from images of 8 to 64 px within minutes (`docs/short-runs.md`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chimerae.nets import Architecture
from chimerae.networks import DCGAN, Spatial
from chimerae.recipes.sizing import COMMON_SIDE
from chimerae.shapes import Shape

SHORT_ARCH = DCGAN(width=16, critic_start="kaiming")
"""Networks of short runs on images."""
SMOOTH_ARCH = replace(SHORT_ARCH, upsampling="bilinear")
"""The same without checkerboards, for methods whose samples a critic of images judges. Decoders that learn
from pixel errors draw better with transposed convolutions.
"""
MAPS_ARCH = Spatial(width=16)
"""Networks of short runs of autoencoders whose codes are maps."""
RATE, FINAL = 1e-3, 0.02
"""Rate at the start, and its share that is left at the end."""
FIRST_STAGE = 0.5
"""Share of the run of ID-GAN's VAE. Its GAN begins afterwards, where the rate has fallen to `RATE`."""

ADAM: Mapping[str, Any] = {
    "training.batch_size": 32,
    "training.optimizer.kind": "adam",
    "training.optimizer.lr": RATE,
    "training.optimizer.beta1": 0.5,
    "training.optimizer.beta2": 0.999,
    "training.optimizer.schedule": "exponential",
    "training.optimizer.final": FINAL,
    "training.picture_every": 500,
    "training.save_every": 500,
}
"""A rate that moves far within 2,000 steps and then settles: at 2e-4 critics run ahead of their opponents."""
CALIBRATED: Mapping[str, Any] = {"method.z_dim": 64, "method.likelihood": "estimated"}
"""A decoder whose variance is that of its errors, so that the KL needs no weight on small images."""
STEADY: Mapping[str, Any] = {"method.r1": 1.0, "method.r1_every": 4}
"""A penalty on the critic's slope at data, which keeps it from running ahead."""
SELF_CRITICAL: Mapping[str, Any] = {
    **CALIBRATED,
    "method.warmup_share": 0.3,
    "method.scaled_warmup": True,
    "method.scale": 0.01,
    "method.exponent_kl": 1 / 60,
}
"""A VAE first, whose gradients are as small as the game's, then ELBOs in nats. The exponent stays active for
a KL of some tens of nats.
"""


def _rates(*players: str, lr: float = RATE) -> Mapping[str, Any]:
    """The rate, schedule and rule of short runs for players with their own settings in a recipe."""
    shared = dict.fromkeys(("kind", "beta2"))  # None: those of the other players
    own = {**shared, "lr": lr, "schedule": "exponential", "final": FINAL, "beta1": 0.5, "weight_decay": 0.0}
    return {f"training.players.{player}.{name}": value for player in players for name, value in own.items()}


OWN: Mapping[str, Mapping[str, Any]] = {
    "vae": CALIBRATED,
    "gan": {"method.z_dim": 64, **STEADY},
    "wgan-gp": {
        "method.z_dim": 64,
        "method.n_critic": 2,
        "training.optimizer.beta1": 0.0,
        "training.optimizer.beta2": 0.9,
    },
    "vae-gan": {
        **CALIBRATED,
        **STEADY,
        "method.gamma": 1e-3,
        "method.fakes": "samples",
        "method.adv_loss": "non_saturating",
    },
    "avae": {
        **CALIBRATED,
        **STEADY,
        "method.latent_loss": "normalised",
        "method.latent_warmup": 0.5,
        "method.latent_weight": 0.1,
        "method.recon_code": "mean",
        "method.sigma_start": 0.1,
        "training.optimizer.sigma_lr_scale": 5.0,
    },
    "introvae": {**CALIBRATED, "method.beta": 1.0, "method.m": 30.0, "method.warmup_steps": 300},
    "soft-introvae": SELF_CRITICAL,
    "as-introvae": {**SELF_CRITICAL, "method.anneal_share": 0.6},
    "bigan": {"method.z_dim": 64, **STEADY},
    "ali": {"method.z_dim": 64, **STEADY},
    "alice": {"method.z_dim": 64, **STEADY, "method.lambda_x": 10.0},
    "biadversarial": {
        "method.z_dim": 64,
        "method.inference_disc": "marginal",
        "method.decoder_loss": "surrogate",
        "method.recon_weight": 1280.0,
        "method.recon_reduction": "mean",
        "method.ratio": "logistic",
    },
    "wae-mmd": {"method.z_dim": 32},
    "wae-gan": {"method.z_dim": 32, **_rates("critic")},
    "aae": {"method.z_dim": 32, **_rates("critic", "generator")},
    "id-gan": {
        **CALIBRATED,
        "method.z_dim": 32,
        "method.s_dim": 32,
        "method.beta": 3.0,
        "method.first_stage_share": FIRST_STAGE,
        "method.w_info": 1e-3,
        "method.r1": 0.5,
        "method.r1_every": 4,
        "method.critic_norm": True,
        **_rates("vae"),
        **_rates("generator", "critic", lr=RATE / FINAL**FIRST_STAGE),
    },
    "ian": {
        "method.z_dim": 64,
        **STEADY,
        "method.beta": 0.1,
        "method.w_pixels": 10.0,
        "method.update": "simultaneous",
        **_rates("encoder"),
    },
    "kl-gan": {
        "method.beta": 0.01,
        "method.perceptual": "efficientnet",
        "method.scale": "estimated",
        "method.critic_start": 0.3,
        "method.critic_start_step": 0,
        "training.batch_size": 16,
        "training.ema": 0.995,
    },
    "avae-frozen": {
        **STEADY,
        "method.encoder_side": 32,
        "method.latent_warmup": 0.5,
        "method.latent_weight": 0.01,
    },
}
"""Settings of each method beyond the common rate; `docs/short-runs.md` has the reasons."""

GAMES = frozenset(
    (
        "gan",
        "wgan-gp",
        "vae-gan",
        "avae",
        "bigan",
        "ali",
        "alice",
        "biadversarial",
        "id-gan",
        "ian",
        "avae-frozen",
    )
)
"""Recipes in which a critic judges images."""

MAPS = frozenset(("kl-gan",))
"""Recipes whose codes are maps."""


def short_arch(name: str) -> Architecture:
    """Networks of short runs of the recipe `name` on images."""
    if name in MAPS:
        return MAPS_ARCH
    return SMOOTH_ARCH if name in GAMES else SHORT_ARCH


SHORT: Mapping[str, Mapping[str, Any]] = {name: {**ADAM, **own} for name, own in OWN.items()}
"""Recipe -> settings that differ from the source's, by dotted path."""

SMALL_SIDE = 16
"""Longest side of small images in pixels."""
LARGER_GAME: Mapping[str, Any] = {
    "training.optimizer.final": 0.1,
    "method.warmup_share": 0.15,
    "method.scale": None,
    "method.beta_rec": 0.25,
    "method.beta_kl": 0.75,
    "method.exponent_kl": "balanced",
}
"""The game of larger images. Reconstruction and KL keep the ratio 1 to 3, and both weigh a quarter of `1/n`
for `n` values. With that weight the decoder lowers the KL of samples, and the encoder raises it with
`exponent_kl` times the exponential: the forces are equal at the KL that data had in the warm-up. At a scale
of .01 the exponential is e^-10 on 1,024 values; at `1/n` the decoder wins, and draws nearly empty images.
The game needs a rate that moves both players: after a warm-up of .3, a fall to .02 leaves it a third of the
rate at its beginning and a thirteenth in its middle. A fall to .3 lets faces run away after 4,000 steps.
"""
LARGER: Mapping[str, Mapping[str, Any]] = {
    "vae": {"method.beta": 3.0},
    "avae": {"method.beta": 10.0, "training.optimizer.final": 0.3},
    "introvae": {"method.beta": 0.3, "method.m": 120.0},
    "soft-introvae": LARGER_GAME,
    "as-introvae": LARGER_GAME,
    "biadversarial": STEADY,
}
"""Settings for images beyond `SMALL_SIDE`. Their neighbouring pixels err alike, and an estimated variance
counts every one: with a KL of weight 1 codes hold so much that few draws from the prior look like data.
AVAE's latent loss has its whole weight late, so its rate stays higher.
"""


LARGE_SIDE = 48
"""Longest side in pixels up to which `LARGER` suffices."""
LARGEST: Mapping[str, Mapping[str, Any]] = {"introvae": {"method.m": 220.0}}
"""Settings for images beyond `LARGE_SIDE`, in addition to `LARGER`: their codes hold more than 120 nats."""


def short_settings(name: str, shape: Shape | None) -> Mapping[str, Any]:
    """Settings of short runs of the recipe `name`, by dotted path; those of `ADAM` for one that has none.

    Args:
        name: a recipe.
        shape: shape of an image, `(C, H, W)`; None for images of several sizes, seen at up to 64 px.
    """
    side = max(shape[1:]) if shape is not None else COMMON_SIDE
    larger = LARGER.get(name, {}) if side > SMALL_SIDE else {}
    largest = LARGEST.get(name, {}) if side > LARGE_SIDE else {}
    return {**SHORT.get(name, ADAM), **larger, **largest}
