"""AS-IntroVAE, adversarial similarity distance IntroVAE (Lu et al. 2022, arXiv 2206.13903)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import tanh
from typing import ClassVar, Literal, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from chimerae.config import STRICT
from chimerae.gaussian import Gaussian
from chimerae.losses.aggregate import Kernel, Reduction, aggregate_distance, squash
from chimerae.losses.introspective import exp_elbo
from chimerae.losses.reconstruction import ERROR_WEIGHTS, squared_error
from chimerae.methods.introspection import SoftIntrospective, encode_fake, fake_recon_error, scale_of
from chimerae.methods.method import Clock, Losses
from chimerae.nets import Nets

Pair = Literal["rec_fake", "real_fake"]
Schedule = Literal["linear", "tanh"]
Squash = Literal["none", "distance_only", "distance_and_kl_d"]


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class ASIntroVAE(SoftIntrospective):
    """Soft-IntroVAE that begins with a distance between whole batches of codes and anneals it into the KL."""

    name: ClassVar[str] = "as-introvae"
    kernel: Kernel = "per_dim_flat"
    """Overlap of two posteriors: averaged over dimensions, with flat weight (the published code) or weighted
    by the prior (equation 5), or one product over all dimensions (equation 6).
    """
    pair: Pair = "rec_fake"
    """Sets that are compared: reconstructions and samples (the published code), or data and samples (the
    text).
    """
    schedule: Schedule = "linear"
    """Rise of the KL's weight `c` to 1: `min(t / s, 1)` (the paper: `min(5 t, 1)`), or `tanh(t / s)` (the
    published code: `tanh(5 t)`), with `s` the `anneal_share`.
    """
    anneal_share: float = Field(default=0.2, ge=0, le=1)
    """Share of the run, or of the game, over which `c` rises. With 0 it is 1 from the start, as in
    Soft-IntroVAE.
    """
    anneal_from: Literal["run", "game"] = "run"
    """Start of `t`, the share that is done: the first step of the run, as published, or the first after
    `warmup_steps`. In the latter case `c` is 0 when the game begins, and so is the weight of the encoder's KL
    of generated images.
    """
    reduce_e: Reduction = "mean"
    """Reduction over pairs and dimensions in the encoder's turn; the published code's `sum` silences its
    critic.
    """
    squash: Squash = "distance_only"
    """Terms computed from means and log-variances behind a tanh: none, the distance, or also the decoder's
    KLs (the published code).
    """

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
        """Two turns: as Soft-IntroVAE, where fakes cost `c KL + (1 - c) distance` instead of their KL."""
        if self._warming_up(clock):
            yield self._warm_up(nets, x, clock)
            return
        E, D, s, c = nets.encoder, nets.decoder, scale_of(x, self.scale), self._annealed(clock)
        q = E(x)
        x_r, x_f = D(q.sample()), D.untracked(self.prior(x))
        rec, kl = squared_error(x, x_r), q.kl()
        beta_rec = self.beta_rec * ERROR_WEIGHTS[self.likelihood](x, x_r)
        (q_r, rec_r), (q_f, rec_f) = (
            encode_fake(E, D, x_k, detach_target=self.detach_target) for x_k in (x_r, x_f)
        )
        d_e = self._distance(c, lambda: PAIRS[self.pair](lambda: q, q_r), q_f, self.reduce_e)
        neg = self._exponent_kl(nets, s, s * beta_rec * rec)
        exp_r = exp_elbo(s * beta_rec * rec_r + neg * (c * q_r.kl() + (1 - c) * d_e))
        exp_f = exp_elbo(s * beta_rec * rec_f + neg * (c * q_f.kl() + (1 - c) * d_e))
        clock.log(rec=rec, kl=kl, kl_rec=q_r.kl(), kl_fake=q_f.kl(), exp_elbo=(exp_r + exp_f) / 2)
        clock.log(c=torch.tensor(c))
        if c < 1:
            clock.log(distance=d_e)
        real = s * (beta_rec * rec + self.beta_kl * kl)
        yield {"encoder": (real + (exp_r + exp_f) / 4).mean()}  # eq. 7, L_E, with an ELBO inside

        q_r, q_f = E.untracked(x_r), E.untracked(x_f)  # D has not moved: its images are the same
        d_d = self._distance(c, lambda: PAIRS[self.pair](lambda: E.untracked(x), q_r), q_f, "mean")
        kl_k = FOR_KL[self.squash](q_r).kl() + FOR_KL[self.squash](q_f).kl()
        fake_rec = fake_recon_error(self.gamma_r, beta_rec, D, (x_r, q_r), (x_f, q_f))
        fake = self.beta_kl * (c * kl_k + (1 - c) * d_d) / 2 + fake_rec
        yield {"decoder": (s * (beta_rec * rec + fake)).mean()}  # eq. 7, L_D

    def _annealed(self, clock: Clock) -> float:
        """Weight `c` of the KL at this point of the run."""
        before = self.warmup_steps if self.anneal_from == "game" else 0
        t = (clock.step - before) / (clock.total - before)
        return SCHEDULES[self.schedule](t / self.anneal_share) if self.anneal_share else 1.0

    def _distance(self, c: float, one: Callable[[], Gaussian], other: Gaussian, red: Reduction) -> Tensor:
        """Distance of two sets of posteriors; 0 once `c` is 1 and the distance has no weight."""
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
