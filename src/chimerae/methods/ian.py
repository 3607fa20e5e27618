"""IAN, introspective adversarial network (Brock et al. 2017, arXiv 1609.07093), simplified."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, final

from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.gaussian import Gaussian
from chimerae.losses.adversarial import log_odds, outcome_cost
from chimerae.losses.penalties import R1
from chimerae.losses.reconstruction import mean_absolute_error, mean_squared_error
from chimerae.methods.method import Clock, Losses, Method
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape

REAL, RECONSTRUCTION, SAMPLE = range(3)


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class IAN(Method):
    """A VAE whose encoder reads codes from the critic's features; the critic tells data, reconstructions and
    samples apart.
    """

    name: ClassVar[str] = "ian"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "critic": ("critic",),
        "encoder": ("encoder",),
        "decoder": ("decoder",),
    }
    exported: ClassVar[tuple[str, ...]] = ("critic", "encoder", "decoder")
    sample_critic: ClassVar[str] = "critic"

    z_dim: int = Field(default=100, ge=1)
    """Dimensions of the code."""
    w_pixels: float = Field(default=3.0, ge=0)
    """Weight of the absolute error (mean over pixels of `2 |x - x_r|`)."""
    w_features: float = Field(default=1.0, ge=0)
    """Weight of the squared error of the critic's features (mean)."""
    beta: float = Field(default=1.0, ge=0)
    """Weight of the KL (mean over dimensions)."""
    update: Literal["alternating_minibatch", "simultaneous"] = "alternating_minibatch"
    """Critic and autoencoder in turn, batch by batch (the code), or all on every batch."""
    r1: float = Field(default=0.0, ge=0)
    """Weight of a penalty on the slope, at data, of the critic's log-odds that they are data (R1's gamma),
    which keeps it from running ahead; 0 in the source.
    """
    r1_every: int = Field(default=4, ge=1)
    """Steps between two penalties; each weighs that many times as much."""

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """A critic of three outcomes, a small encoder that sits on its features, and a decoder."""
        return {
            "critic": arch.class_critic(shape, 3),
            "encoder": arch.code_head(shape, self.z_dim),
            "decoder": arch.decoder(self.z_dim, shape),
        }

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Losses:
        """One turn of the players that `update` selects for this batch."""
        C, E, D = nets.critic, nets.encoder, nets.decoder
        (l_real, f_real), slope = self._penalty(C, clock.step, x)
        q = E(f_real.detach())  # otherwise the critic's loss would reach its trunk through x_r
        x_r, x_f = D(q.sample()), D(self.prior(x))
        (l_r, f_r), (l_f, _) = C.untracked(x_r), C.untracked(x_f)  # statistics stay those of data
        rec, features = mean_absolute_error(x, x_r), mean_squared_error(f_real, f_r)
        told = outcome_cost(l_real, REAL) + outcome_cost(l_r, RECONSTRUCTION) + outcome_cost(l_f, SAMPLE)
        fooled = outcome_cost(l_r, REAL) + outcome_cost(l_f, REAL)
        kl = q.kl()
        clock.log(rec=rec, features=features, kl=kl, told=told, fooled=fooled)
        decoder = fooled + self.w_pixels * 2.0 * rec + self.w_features * features
        encoder = decoder + self.beta * kl / self.z_dim
        losses = {"critic": told + slope, "decoder": decoder, "encoder": encoder}
        return {player: losses[player].mean() for player in UPDATES[self.update](clock.step)}

    @property
    def _penalty(self) -> R1:
        return R1(self.r1, self.r1_every, lambda logits: log_odds(logits, REAL))

    def realness(self, nets: Nets, x: Tensor) -> Tensor:
        """Log-odds that each sample is data, among the three outcomes."""
        return log_odds(nets.critic(x)[0], REAL)

    def encode(self, nets: Nets, x: Tensor) -> Gaussian:
        """Posterior of `x`, read from the critic's features."""
        q: Gaussian = nets.encoder(nets.critic(x)[1])
        return q


UPDATES: Mapping[str, Callable[[int], tuple[str, ...]]] = {
    "alternating_minibatch": lambda step: ("critic",) if step % 2 else ("decoder", "encoder"),
    "simultaneous": lambda step: ("critic", "decoder", "encoder"),
}
