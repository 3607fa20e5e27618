"""ID-GAN, information-distillation GAN (Lee et al. 2020, arXiv 2001.04296)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.losses.adversarial import logistic_fake, logistic_real, non_saturating
from chimerae.losses.penalties import R1
from chimerae.losses.reconstruction import NLL, Likelihood, half_squared_error
from chimerae.methods.method import Clock, Losses, Method
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class IDGAN(Method):
    """First a beta-VAE, then a GAN; the frozen encoder must read the codes of samples back from them."""

    name: ClassVar[str] = "id-gan"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "vae": ("encoder", "decoder"),
        "generator": ("generator",),
        "critic": ("critic",),
    }
    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder", "generator")
    sample_critic: ClassVar[str] = "critic"

    z_dim: int = Field(default=20, ge=1)
    """Dimensions of the code `c`."""
    beta: float = Field(default=1.0, ge=0)
    """Weight of the KL; the paper's CelebA 6.4 is 12.8 for our range and our half squared error."""
    likelihood: Likelihood = "unit"
    """Variance of the Gaussian decoder: 1, or `estimated` from the errors of each batch (sigma-VAE), so that
    `beta` means the same for every number of pixels.
    """
    first_stage_share: float = Field(default=0.5, gt=0, lt=1)
    """Share of the run that the VAE learns; the rest is the GAN's."""
    s_dim: int = Field(default=256, ge=0)
    """Dimensions of the noise `s` beside the code, for details outside the code."""
    w_info: float = Field(default=1e-3, ge=0)
    """Weight of the code's negative log-likelihood in the generator's loss; 1e-4 at 1024 px and dSprites."""
    r1: float = Field(default=10.0, ge=0)
    """Weight of the critic's squared slope at real samples (without a half)."""
    r1_every: int = Field(default=1, ge=1)
    """Steps between two penalties; each weighs that many times as much. 1 in the source."""
    critic_norm: bool = False
    """BatchNorm in the critic; the source has none, so that its slope is that of single samples."""

    @property
    def generates_from(self) -> float:
        """The generator begins when the VAE is frozen."""
        return self.first_stage_share

    @property
    def noise_dim(self) -> int:
        """Numbers of `s`."""
        return self.s_dim

    @property
    def decoders(self) -> tuple[str, ...]:
        """The VAE's decoder and the generator."""
        return ("decoder", "generator")

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder, decoder, generator of code and noise, and a critic."""
        return {
            "encoder": arch.encoder(shape, self.z_dim),
            "decoder": arch.decoder(self.z_dim, shape),
            "generator": arch.decoder(self.z_dim + self.s_dim, shape),
            "critic": arch.critic(shape, norm=self.critic_norm),
        }

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
        """One turn of the VAE in the first part of the run, critic and generator in the second."""
        E, D, G, C = nets.encoder, nets.decoder, nets.generator, nets.critic
        if clock.progress < self.first_stage_share:
            q = E(x)
            x_r, kl = D(q.sample()), q.kl()
            clock.log(rec=half_squared_error(x, x_r), kl=kl)
            yield {"vae": (NLL[self.likelihood](x, x_r) + self.beta * kl).mean()}  # beta-VAE eq. 4
            return
        with torch.no_grad():
            c = E.in_eval_mode(x).sample()  # the aggregate posterior, of a frozen encoder
            x_fake = G(self.with_noise(c))
        c_real, penalty = R1(2.0 * self.r1, self.r1_every)(C, clock.step, x)
        c_fake = C(x_fake)
        yield {"critic": (logistic_real(c_real) + logistic_fake(c_fake) + penalty).mean()}
        x_fake = G(self.with_noise(c))  # the same codes, another noise
        nll = -E.in_eval_mode(x_fake).log_prob(c)
        clock.log(c_real=c_real, c_fake=c_fake, slope=penalty, nll=nll)
        yield {"generator": (non_saturating(C(x_fake)) + self.w_info * nll).mean()}
