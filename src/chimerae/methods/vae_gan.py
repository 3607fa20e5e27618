"""VAE/GAN (Larsen et al. 2015, arXiv 1512.09300)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, final

from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.losses.adversarial import GENERATOR_LOSSES, GeneratorLoss, logistic_fake, logistic_real
from chimerae.losses.penalties import R1
from chimerae.losses.reconstruction import NLL, Likelihood, half_squared_error
from chimerae.methods.method import Clock, Losses, Method
from chimerae.nets import Architecture, Nets
from chimerae.parallel import total
from chimerae.shapes import Shape

Reduction = Literal["mean", "sum"]
REDUCTIONS: Mapping[Reduction, Callable[[Tensor], Tensor]] = {
    "mean": Tensor.mean,
    "sum": lambda loss: total(loss.sum()),
}


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class VAEGAN(Method):
    """A VAE whose decoder is a GAN's generator, and whose reconstruction error is measured in the critic's
    features.
    """

    name: ClassVar[str] = "vae-gan"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "encoder": ("encoder",),
        "decoder": ("decoder",),
        "critic": ("critic",),
    }
    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder")
    sample_critic: ClassVar[str] = "critic"

    z_dim: int = Field(default=100, ge=1)
    """Dimensions of the code."""
    beta: float = Field(default=1.0, ge=0)
    """Weight of the KL; the AVAE paper uses 4 (bedroom), 5 (CelebA), 10 (CIFAR), 20 (SVHN) for this
    baseline.
    """
    gamma: float = Field(default=1e-2, ge=0)
    """Weight of the feature error in the decoder's loss; 1e-6 (CelebA) in Larsen's code, with sums over the
    batch.
    """
    likelihood: Likelihood = "unit"
    """Variance of the critic's features around those of a reconstruction: 1, or `estimated` from the errors
    of each batch.
    """
    adv_loss: GeneratorLoss = "linear"
    """Loss of the decoder against the critic; `saturating` in Larsen's paper."""
    fakes: Literal["samples", "recons", "both"] = "both"
    """Inputs that the critic sees as generated; Larsen's script: samples only."""
    r1: float = Field(default=0.0, ge=0)
    """Weight of a penalty on the critic's slope at data (R1's gamma), which keeps it from running ahead; 0 in
    the sources.
    """
    r1_every: int = Field(default=4, ge=1)
    """Steps between two penalties; each weighs that many times as much."""
    reduction: Reduction = "mean"
    """Reduction over the batch; Larsen's code sums and divides the learning rate."""
    log_offset: float = Field(default=0.0, ge=0)
    """Number added to probabilities inside the logarithms of the game; 1e-3 in Larsen's code."""
    game_weight: Literal["1", "1 - gamma"] = "1"
    """Weight of the game in the decoder's loss; `1 - gamma` in Larsen's code."""
    critic_halves: bool = False
    """Give data and generated samples half of the critic's loss each, as in Larsen's code; with `fakes` both,
    reconstructions and samples share their half.
    """

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder, decoder and a critic that shows its features."""
        return {
            "encoder": arch.encoder(shape, self.z_dim),
            "decoder": arch.decoder(self.z_dim, shape),
            "critic": arch.feature_critic(shape),
        }

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Losses:
        """One turn, three players. Only the decoder's loss combines the feature error with the game."""
        E, D, C = nets.encoder, nets.decoder, nets.critic
        q = E(x)
        x_r = D(q.sample())
        (c_real, f_real), slope = R1(self.r1, self.r1_every)(C, clock.step, x)
        c_r, f_r = C(x_r)
        rec, kl = NLL[self.likelihood](f_real, f_r), q.kl()  # L_llike and L_prior
        games = FAKES[self.fakes](c_r, lambda: C(D(self.prior(x)))[0])
        clock.log(rec=half_squared_error(f_real, f_r), kl=kl, c_real=c_real, c_fake=games[-1])

        red, e = REDUCTIONS[self.reduction], self.log_offset
        fooled = sum(GENERATOR_LOSSES[self.adv_loss](c, e) for c in games)
        real, fake = (0.5, 0.5 / len(games)) if self.critic_halves else (1.0, 1.0)
        told = real * logistic_real(c_real, e) + fake * sum(logistic_fake(c, e) for c in games)
        return {
            "encoder": red(self.beta * kl + rec),  # algorithm 1: L_prior + L_llike
            "decoder": red(self.gamma * rec + self._share() * fooled),  # gamma L_llike - L_GAN
            "critic": red(told + slope),  # -L_GAN
        }

    def realness(self, nets: Nets, x: Tensor) -> Tensor:
        """Logit of each sample, without the features."""
        c: Tensor = nets.critic(x)[0]
        return c

    def _share(self) -> float:
        """Weight of the game in the decoder's loss."""
        return 1.0 - self.gamma if self.game_weight == "1 - gamma" else 1.0


Fakes = Callable[[Tensor, Callable[[], Tensor]], list[Tensor]]
FAKES: Mapping[str, Fakes] = {
    "samples": lambda c_recon, c_sample: [c_sample()],
    "recons": lambda c_recon, c_sample: [c_recon],
    "both": lambda c_recon, c_sample: [c_recon, c_sample()],
}
