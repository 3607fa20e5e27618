"""Parts of all introspective methods: the plain VAE of their warm-up, the encoder's look at fakes, and the
settings that Soft-IntroVAE and AS-IntroVAE share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, Self

import torch
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.errors import InputError
from chimerae.gaussian import Gaussian
from chimerae.losses.introspective import ALPHA, balancing_weight
from chimerae.losses.reconstruction import ERROR_WEIGHTS, Likelihood, squared_error
from chimerae.methods.method import Clock, Losses, Method
from chimerae.nets import Architecture, Nets, Network
from chimerae.parallel import average
from chimerae.shapes import UNIT, Shape, ValueRange


def warm_up(
    nets: Nets,
    x: Tensor,
    clock: Clock,
    beta_rec: float = 1.0,
    beta_kl: float = 1.0,
    likelihood: Likelihood = "unit",
) -> tuple[Losses, Tensor]:
    """The turn of a plain VAE, `beta_rec R1 + beta_kl KL`, for both players, and the KL `[B]`; `likelihood`
    weighs R1.
    """
    q = nets.encoder(x)
    x_r, kl = nets.decoder(q.sample()), q.kl()
    rec = squared_error(x, x_r)
    clock.log(rec=rec, kl=kl)
    loss = (beta_rec * ERROR_WEIGHTS[likelihood](x, x_r) * rec + beta_kl * kl).mean()
    return {"encoder": loss, "decoder": loss}, kl


def warming_up(clock: Clock, steps: int, share: float) -> bool:
    """True in the first `steps` steps and the first `share` of the run.

    >>> [warming_up(Clock(step, 100), 10, 0.2) for step in (0, 15, 20)]
    [True, True, False]
    """
    return clock.step < steps or clock.progress < share


def encode_fake(E: Network, D: Network, x_k: Tensor, *, detach_target: bool) -> tuple[Gaussian, Tensor]:
    """Posterior of generated samples `x_k` and their reconstruction error `[B]`, for the encoder's turn.

    The encoder judges samples without their history: it is given `sg(x_k)` (the papers' stop-gradient). The
    published codes leave the target of the error attached (`detach_target=False`).
    """
    q_k = E.untracked(x_k.detach())
    target = x_k.detach() if detach_target else x_k
    return q_k, squared_error(target, D.untracked(q_k.sample()))


def fake_recon_error(
    gamma_r: float, beta_rec: Tensor | float, D: Network, *fakes: tuple[Tensor, Gaussian]
) -> Tensor | float:
    """`gamma_r beta_rec` times the decoder's mean error `[B]` on samples and codes that are all constants.

    With `gamma_r` 0 no pass is made.
    """
    if not gamma_r:
        return 0.0
    errors = (squared_error(x_k.detach(), D.untracked(q_k.sample().detach())) for x_k, q_k in fakes)
    return gamma_r * beta_rec / len(fakes) * sum(errors)


def scale_of(x: Tensor, scale: float | None) -> float:
    """`scale`, or 1 over the number of values of a sample (`s`).

    >>> import torch
    >>> scale_of(torch.zeros(4, 3, 2, 2), None), scale_of(torch.zeros(4, 2), 0.1)
    (0.08333333333333333, 0.1)
    """
    return 1.0 / x[0].numel() if scale is None else scale


KL_OF_DATA: Final = "kl_of_data"
"""Buffer with the running mean of the KL of data during the warm-up, in nats."""
LEAST_KL: Final = 0.1
"""Smallest KL in nats at which a game is balanced: a code that says nothing has none."""
RECENT: Final = 0.02
"""Share of a new batch in that mean; in the first steps it is the plain mean."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SoftIntrospective(Method):
    """Settings and networks of the methods whose margin is the exponential of an ELBO."""

    players: ClassVar[Mapping[str, tuple[str, ...]]] = {"encoder": ("encoder",), "decoder": ("decoder",)}
    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder")
    value_range: ClassVar[ValueRange] = UNIT

    z_dim: int = Field(default=128, ge=1)
    """Dimensions of the code."""
    beta_rec: float = Field(default=1.0, ge=0)
    """Weight of every reconstruction error (squared, summed over pixels)."""
    likelihood: Likelihood = "unit"
    """Weight of squared errors: 1, or `estimated`, `1 / (2 v)` with the variance `v` of the errors of each
    batch of data (sigma-VAE), so that the weights of KLs mean the same for every number of pixels.
    """
    beta_kl: float = Field(default=1.0, ge=0)
    """Weight of the KL of data for the encoder, and of generated images for the decoder."""
    beta_neg: float = Field(default=256.0, ge=0)
    """Weight of generated images in the encoder's exponent: of their KL, and of AS-IntroVAE's distance."""
    gamma_r: float = Field(default=0.0, ge=0)
    """Weight of generated images' reconstruction error for the decoder. The published codes have 1e-8, which
    costs two passes and is lost in float32; that of `bootstrap` has 1.
    """
    exponent_kl: Annotated[float, Field(ge=0)] | Literal["balanced"] | None = None
    """Weight of the KL of generated images in the encoder's exponent, the same for every number of pixels;
    none: `scale * beta_neg` (the published code; 1/12 at 32 px in colour with its 256). `balanced`: the
    weight with which encoder and decoder agree on the KL that data had at the end of the warm-up.
    """
    scale: float | None = Field(default=None, gt=0)
    """Factor of every ELBO (`s`); none: 1 over the number of values of a sample, so 1/2 for points."""
    warmup_steps: int = Field(default=0, ge=0)
    """Steps at the beginning as a plain VAE."""
    warmup_share: float = Field(default=0.0, ge=0, lt=1)
    """Share of the run as a plain VAE, where that is more than `warmup_steps` steps."""
    scaled_warmup: bool = False
    """Multiply the plain VAE's loss by `s` too, unlike the published code. Steps of the VAE stay the same.
    Without it, Adam's memory of the VAE's gradients, 1/s times larger than the game's, holds the game still
    for some thousand steps where s is small.
    """
    detach_target: bool = True
    """Detach reconstructions as targets too, in the encoder's turn; False in the published code."""

    @model_validator(mode="after")
    def _measures_before_it_plays(self) -> Self:
        if self.exponent_kl == "balanced" and not (self.warmup_steps or self.warmup_share):
            raise InputError("exponent_kl balanced needs a warm-up: set warmup_share, such as 0.3")
        if self.exponent_kl == "balanced" and not self.beta_kl:
            raise InputError("exponent_kl balanced needs a beta_kl above 0")
        return self

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder and decoder; images have a linear output."""
        return {
            "encoder": arch.encoder(shape, self.z_dim),
            "decoder": arch.decoder(self.z_dim, shape, output="linear"),
        }

    def buffers(self) -> Mapping[str, Tensor]:
        """The running mean of the KL of data, if the exponent depends on it."""
        return {KL_OF_DATA: torch.ones(())} if self.exponent_kl == "balanced" else {}

    def _exponent_kl(self, nets: Nets, s: float, rec: Tensor) -> Tensor | float:
        """Weight of the KL of generated images in the exponent; `rec` are errors `[B]` of data, weighted as
        they are there (`s beta_rec R1`).
        """
        if self.exponent_kl is None:
            return s * self.beta_neg
        if not isinstance(self.exponent_kl, str):
            return self.exponent_kl
        data = nets.buffers[KL_OF_DATA].clamp(min=LEAST_KL)
        return balancing_weight(data, s * self.beta_kl, ALPHA * average(rec.detach().mean()))

    def _warming_up(self, clock: Clock) -> bool:
        return warming_up(clock, self.warmup_steps, self.warmup_share)

    def _warm_up(self, nets: Nets, x: Tensor, clock: Clock) -> Losses:
        scale = scale_of(x, self.scale) if self.scaled_warmup else 1.0
        losses, kl = warm_up(nets, x, clock, scale * self.beta_rec, scale * self.beta_kl, self.likelihood)
        if KL_OF_DATA in nets.buffers:
            share = max(RECENT, 1 / (clock.step + 1))
            nets.buffers[KL_OF_DATA] = nets.buffers[KL_OF_DATA].lerp(average(kl.detach().mean()), share)
        return losses
