"""AVAE with a frozen encoder: the generator that Plumerault et al. 2020 (arXiv 2012.11551) leave to future
work, trained against a representation that is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar, Literal, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae import noise
from chimerae.config import STRICT
from chimerae.gaussian import Gaussian
from chimerae.losses.adversarial import logistic_fake, logistic_real
from chimerae.losses.latent import latent_b, latent_normalised, mean_scale
from chimerae.losses.penalties import R1
from chimerae.losses.reconstruction import half_squared_error
from chimerae.methods.avae import ADVERSARIAL, RECONSTRUCTION_CODES
from chimerae.methods.given import Given, recorded
from chimerae.methods.method import Clock, Losses, Method
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class AVAEFrozen(Method):
    """A generator whose images a given, frozen encoder reads back, and a decoder of the same codes."""

    name: ClassVar[str] = "avae-frozen"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "decoder": ("decoder",),
        "generator": ("generator",),
        "critic": ("critic",),
    }
    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder", "generator")
    sample_critic: ClassVar[str] = "critic"

    z_dim: int = Field(default=64, ge=1)
    """Dimensions of the code: principal components of the features."""
    encoder: str = "efficientnet:5"
    """The frozen networks: `efficientnet` (its means over places), `efficientnet:STAGE` (1 to 7, with
    places), `timm:NAME` or `timm:NAME:STAGE`, `random`, the folder of a trained run, or several joined by
    `+`.
    """
    encoder_side: int = Field(default=64, ge=8, le=1024)
    """Pixels of either side of the images that EfficientNet and networks of timm see."""
    encoder_places: int = Field(default=4, ge=1, le=64)
    """Places of either side that maps of a stage are averaged to; with 1, positions are lost."""
    encoder_settings: str = ""
    """Settings of the runs in `encoder`. A run records them here; leave it empty."""
    xi_dim: int = Field(default=64, ge=0)
    """Dimensions of the noise `xi` beside the code, for all that the encoder does not see; 0: none."""
    codes_of_data: float = Field(default=0.5, ge=0, le=1)
    """Share of the generator's codes that are drawn from the posterior of data; the rest come from the prior.
    """
    latent_loss: Literal["paper_b", "normalised"] = "paper_b"
    """L_Z: equation 16, here the squared distance of features in units of the noise that the code leaves out;
    or the same with a mean weight of 1 a dimension.
    """
    latent_warmup: float = Field(default=0.0, ge=0, le=1)
    """Share of the run over which the weight of L_Z rises from 0."""
    latent_weight: float = Field(default=1.0, ge=0)
    """Weight of L_Z after that; 1: AVAE's. L_Z is a sum over the dimensions of the code."""
    adv_loss: Literal["linear_logit", "softplus"] = "linear_logit"
    """L_M: equation 15, or its bounded relative `-log P(real)`."""
    r1: float = Field(default=0.0, ge=0)
    """Weight of a penalty on the critic's slope at data (R1's gamma)."""
    r1_every: int = Field(default=4, ge=1)
    """Steps between two penalties; each weighs that many times as much."""
    recon_code: Literal["sample", "mean", "mean_rescaled"] = "mean_rescaled"
    """Code of a reconstruction: drawn from the posterior, its mean, or its mean at unit deviation, which is
    the whitened component itself.
    """

    @property
    def given_encoders(self) -> Mapping[str, Given]:
        """The frozen encoder."""
        where = (self.encoder_side, self.encoder_places)
        return {"encoder": Given(self.encoder, self.z_dim, *where, self.encoder_settings)}

    @property
    def noise_dim(self) -> int:
        """Numbers of `xi`."""
        return self.xi_dim

    @property
    def decoders(self) -> tuple[str, ...]:
        """The decoder, which draws means, and the generator."""
        return ("decoder", "generator")

    def fitted(self, shape: Shape, arch: Architecture) -> AVAEFrozen:
        """The method with the settings of the runs in `encoder`, so that a saved model needs no other."""
        return self if self.encoder_settings else replace(self, encoder_settings=recorded(self.encoder))

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Decoder, generator of code and noise, and critic; the engine opens the encoder."""
        return {
            "decoder": arch.decoder(self.z_dim, shape),
            "generator": arch.decoder(self.z_dim + self.xi_dim, shape),
            "critic": arch.critic(shape),
        }

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Losses:
        """One turn, three players, as AVAE's figure 4; the encoder has none."""
        E, D, G, C = nets.encoder, nets.decoder, nets.generator, nets.critic
        q = E(x)
        z_q = q.sample()
        x_r, z = D(z_q), self._codes(z_q)
        x_fake = G(self.with_noise(z))
        q_fake = E(x_fake)
        c_real, slope = R1(self.r1, self.r1_every)(C, clock.step, x)
        c_fake = C(x_fake)
        latent, rec = LATENT_LOSSES[self.latent_loss](q_fake, z), half_squared_error(x, x_r)
        clock.log(rec=rec, kl=q.kl(), latent=latent, c_real=c_real, c_fake=c_fake, sigma=q.sigma)
        return {
            "decoder": rec.mean(),  # (8)
            "generator": (
                self.latent_weight * clock.ramp(self.latent_warmup) * latent
                + ADVERSARIAL[self.adv_loss](c_fake)
            ).mean(),  # (16) + (15) with c = -logit C
            "critic": (logistic_real(c_real) + logistic_fake(c_fake) + slope).mean(),  # (13)
        }

    def _codes(self, z_q: Tensor) -> Tensor:
        """Codes for the generator: each is that of data, `z_q`, with the probability `codes_of_data`."""
        of_data = noise.uniform(len(z_q), like=z_q) < self.codes_of_data
        return torch.where(of_data[:, None], z_q, self.prior(z_q))

    def reconstruction_code(self, q: Gaussian, eps: Tensor) -> Tensor:
        """The code `[B, z_dim]` as `recon_code` says."""
        return RECONSTRUCTION_CODES[self.recon_code](q, eps)


LATENT_LOSSES: Mapping[str, Callable[[Gaussian, Tensor], Tensor]] = {
    "paper_b": latent_b,
    "normalised": lambda q, z: latent_normalised(q, mean_scale(q) * z),
}
