"""AS-IntroVAE, adversarial similarity distance IntroVAE (Lu et al. 2022, arXiv 2206.13903)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import tanh
from typing import ClassVar, Literal, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.gaussian import Gaussian
from chimerae.losses.aggregate import Kernel, Reduction, aggregate_distance, squash
from chimerae.losses.introspective import exp_elbo
from chimerae.losses.reconstruction import ERROR_WEIGHTS, Likelihood, squared_error
from chimerae.methods.introspection import encode_fake, fake_recon_error, scale_of, warm_up, warming_up
from chimerae.methods.method import Clock, Losses, Method
from chimerae.nets import Architecture, Nets
from chimerae.shapes import UNIT, Shape, ValueRange

Pair = Literal["rec_fake", "real_fake"]
Schedule = Literal["linear", "tanh"]
Squash = Literal["none", "distance_only", "distance_and_kl_d"]


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class ASIntroVAE(Method):
    """Soft-IntroVAE that begins with a distance between whole batches of codes and anneals it into the KL."""

    name: ClassVar[str] = "as-introvae"
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
    """Weight of KL and distance of generated images in the encoder's exponent."""
    gamma_r: float = Field(default=0.0, ge=0)
    """Weight of generated images' reconstruction error for the decoder. The published code has 1e-8, which
    costs two passes and float32 cannot see.
    """
    exponent_kl: float | None = Field(default=None, ge=0)
    """Weight of the KL of generated images in the encoder's exponent, the same for every number of pixels;
    none: `scale * beta_neg` (the published code; 1/12 at 32 px in colour with its 256).
    """
    scale: float | None = Field(default=None, gt=0)
    """Factor of every ELBO (`s`); none: 1 over the number of values of a sample, so 1/2 for points."""
    warmup_steps: int = Field(default=0, ge=0)
    """Steps at the beginning as a plain VAE."""
    warmup_share: float = Field(default=0.0, ge=0, lt=1)
    """Share of the run as a plain VAE, where that is more than `warmup_steps` steps."""
    scaled_warmup: bool = False
    """The plain VAE's loss is multiplied by `s` too; the published code does not. That changes no step of the
    VAE, but Adam's memory of its gradients, 1/s times larger than the game's, else holds the game still for
    some thousand steps where s is small.
    """
    detach_target: bool = True
    """In the encoder's turn, reconstructions are constants as targets too; False in the published code."""
    kernel: Kernel = "per_dim_flat"
    """Overlap of two posteriors: averaged over dimensions, with flat weight (the published code) or weighted
    by the prior (equation 5), or one product over all dimensions (equation 6).
    """
    pair: Pair = "rec_fake"
    """Between which sets: reconstructions and samples (the published code), or data and samples (the
    text).
    """
    schedule: Schedule = "linear"
    """Rise of the KL's weight `c` to 1: `min(5 t, 1)` (the paper), or `tanh(5 t)` (the published code)."""
    anneal_from: Literal["run", "game"] = "run"
    """Start of `t`, the share that is done: the first step of the run, as published, or the first after
    `warmup_steps`. In the latter case `c` is 0 when the game begins, and so is the weight of the encoder's KL
    of generated images.
    """
    reduce_e: Reduction = "mean"
    """Over pairs and dimensions, in the encoder's turn; the published code's `sum` silences its critic."""
    squash: Squash = "distance_only"
    """Terms computed from means and log-variances behind a tanh: none, the distance, or also the decoder's
    KLs (the published code).
    """

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder and decoder; images end in nothing."""
        return {
            "encoder": arch.encoder(shape, self.z_dim),
            "decoder": arch.decoder(self.z_dim, shape, output="linear"),
        }

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
        """Two turns: as Soft-IntroVAE, where fakes cost `c KL + (1 - c) distance` instead of their KL."""
        if warming_up(clock, self.warmup_steps, self.warmup_share):
            scale = scale_of(x, self.scale) if self.scaled_warmup else 1.0
            weights = scale * self.beta_rec, scale * self.beta_kl
            yield warm_up(nets, x, clock, *weights, self.likelihood)
            return
        E, D, s, c = nets.encoder, nets.decoder, scale_of(x, self.scale), self._annealed(clock)
        q = E(x)
        x_r, x_f = D(q.sample()), D(self.prior(x))
        rec, kl = squared_error(x, x_r), q.kl()
        beta_rec = self.beta_rec * ERROR_WEIGHTS[self.likelihood](x, x_r)
        (q_r, rec_r), (q_f, rec_f) = (
            encode_fake(E, D, x_k, detach_target=self.detach_target) for x_k in (x_r, x_f)
        )
        d_e = self._distance(c, lambda: PAIRS[self.pair](lambda: q, q_r), q_f, self.reduce_e)
        neg = s * self.beta_neg if self.exponent_kl is None else self.exponent_kl
        exp_r = exp_elbo(s * beta_rec * rec_r + neg * (c * q_r.kl() + (1 - c) * d_e))
        exp_f = exp_elbo(s * beta_rec * rec_f + neg * (c * q_f.kl() + (1 - c) * d_e))
        clock.log(rec=rec, kl=kl, kl_rec=q_r.kl(), kl_fake=q_f.kl(), exp_elbo=(exp_r + exp_f) / 2)
        clock.log(c=torch.tensor(c))
        if c < 1:
            clock.log(distance=d_e)
        real = s * (beta_rec * rec + self.beta_kl * kl)
        yield {"encoder": (real + (exp_r + exp_f) / 4).mean()}  # eq. 7, L_E, with an ELBO inside

        q_r, q_f = E.untracked(x_r), E.untracked(x_f)  # D has not moved: its images still stand
        d_d = self._distance(c, lambda: PAIRS[self.pair](lambda: E.untracked(x), q_r), q_f, "mean")
        kl_k = FOR_KL[self.squash](q_r).kl() + FOR_KL[self.squash](q_f).kl()
        fake_rec = fake_recon_error(self.gamma_r * beta_rec, D, (x_r, q_r), (x_f, q_f))
        fake = self.beta_kl * (c * kl_k + (1 - c) * d_d) / 2 + fake_rec
        yield {"decoder": (s * (beta_rec * rec + fake)).mean()}  # eq. 7, L_D

    def _annealed(self, clock: Clock) -> float:
        """Weight `c` of the KL at this point of the run."""
        before = self.warmup_steps if self.anneal_from == "game" else 0
        return SCHEDULES[self.schedule](5 * (clock.step - before) / (clock.total - before))

    def _distance(self, c: float, one: Callable[[], Gaussian], other: Gaussian, red: Reduction) -> Tensor:
        """Distance of two sets of posteriors; 0, and not computed, once `c` is 1 and it has no weight."""
        if c == 1:
            return torch.zeros((), device=other.mu.device)
        seen = FOR_DISTANCE[self.squash]
        return aggregate_distance(seen(one()), seen(other), kernel=self.kernel, reduction=red)


PAIRS: Mapping[Pair, Callable[[Callable[[], Gaussian], Gaussian], Gaussian]] = {
    "rec_fake": lambda of_data, of_reconstructions: of_reconstructions,
    "real_fake": lambda of_data, of_reconstructions: of_data(),
}
"""Codes to compare with those of samples; the codes of data cost a pass in the decoder's turn."""

SCHEDULES: Mapping[Schedule, Callable[[float], float]] = {"linear": lambda t: min(t, 1.0), "tanh": tanh}

FOR_DISTANCE: Mapping[Squash, Callable[[Gaussian], Gaussian]] = {
    "none": lambda q: q,
    "distance_only": squash,
    "distance_and_kl_d": squash,
}
FOR_KL: Mapping[Squash, Callable[[Gaussian], Gaussian]] = {
    "none": lambda q: q,
    "distance_only": lambda q: q,
    "distance_and_kl_d": squash,
}
