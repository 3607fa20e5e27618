"""WAE-GAN, Wasserstein autoencoder with a critic of codes (Tolstikhin et al. 2018, arXiv 1711.01558)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import log, pi
from typing import ClassVar, Literal, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae import noise
from chimerae.config import STRICT
from chimerae.gaussian import Gaussian
from chimerae.losses.adversarial import logistic_fake, logistic_real, non_saturating
from chimerae.losses.reconstruction import squared_error
from chimerae.methods.method import Clock, Losses, Played
from chimerae.methods.wasserstein import Wasserstein
from chimerae.nets import Architecture, Nets
from chimerae.parallel import everyone
from chimerae.shapes import Shape


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class WAEGAN(Wasserstein):
    """An autoencoder whose codes must pass for draws of the prior in the eyes of a critic."""

    name: ClassVar[str] = "wae-gan"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "autoencoder": ("encoder", "decoder"),
        "critic": ("critic",),
    }

    penalty: float = Field(default=1.0, ge=0)
    """Weight of the game (`lambda`): 1 (the paper's CelebA), 10 (MNIST)."""
    p_trick: Literal["off", "correct", "official_broadcast"] = "correct"
    """The critic's output: a network, a network plus the prior's log-density, or the published code's sum
    of every network output with every log-density.
    """
    update: Literal["alternating", "simultaneous"] = "alternating"
    """Autoencoder, then critic on the moved encoder's codes (the code); or both at once."""

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """An encoder without spread, a decoder, and a critic that sees codes."""
        return {
            "encoder": arch.encoder(shape, self.z_dim, scale="none"),
            "decoder": arch.decoder(self.z_dim, shape),
            "critic": arch.code_critic(self.z_dim),
        }

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Played:
        """Autoencoder and critic, in two turns or in one, as `update` says."""
        E, D = nets.encoder, nets.decoder
        seen, z = noise.disturbed(x, self.add_noise), self.sigma2_z**0.5 * self.prior(x)
        z_q = E(seen).mu
        rec, a_code = squared_error(x, D(z_q)), self._judged(nets, z_q)
        errors = self.recon_weight * (rec + self.aef * self._unfixed(nets, z))
        game = self.penalty * non_saturating(a_code)
        clock.log(rec=rec)

        def critic(a_code: Tensor) -> Tensor:
            a_prior = self._judged(nets, z)
            clock.log(a_prior=a_prior, a_code=a_code)
            return self.penalty * (logistic_real(a_prior) + logistic_fake(a_code)).mean()  # algorithm 1

        def judged_again() -> Tensor:
            with torch.no_grad():
                z_q = E.untracked(noise.disturbed(x, self.add_noise)).mu
            return self._judged(nets, z_q)

        return UPDATES[self.update](errors.mean() + game.mean(), a_code, judged_again, critic)

    def _judged(self, nets: Nets, z: Tensor) -> Tensor:
        """Logits of the critic to codes: `[B]`, or `[B, B]` with the published code's sum."""
        prior = Gaussian(torch.zeros_like(z), torch.full_like(z[0], log(self.sigma2_z)))
        expected = -0.5 * self.z_dim * (1.0 + log(2.0 * pi * self.sigma2_z))
        # the network's bias learns constants, but without this one it would begin tens of nats away
        return P_TRICKS[self.p_trick](nets.critic(z), prior.log_prob(z) - expected)


P_TRICKS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "off": lambda h, log_p: h,
    "correct": lambda h, log_p: h + log_p,
    "official_broadcast": lambda h, log_p: h[:, None] + everyone(log_p),
}


def _simultaneous(
    autoencoder: Tensor,
    a_code: Tensor,
    judged_again: Callable[[], Tensor],
    critic: Callable[[Tensor], Tensor],
) -> Losses:
    return {"autoencoder": autoencoder, "critic": critic(a_code)}


def _alternating(
    autoencoder: Tensor,
    a_code: Tensor,
    judged_again: Callable[[], Tensor],
    critic: Callable[[Tensor], Tensor],
) -> Iterator[Losses]:
    yield {"autoencoder": autoencoder}
    yield {"critic": critic(judged_again())}  # the encoder has moved


UPDATES: Mapping[str, Callable[..., Played]] = {
    "simultaneous": _simultaneous,
    "alternating": _alternating,
}
