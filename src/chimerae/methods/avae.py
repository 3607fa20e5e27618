"""AVAE, adversarial variational autoencoder (Plumerault, Le Borgne, Hudelot 2020, arXiv 2012.11551)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log
from typing import ClassVar, Literal, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.gaussian import Gaussian
from chimerae.heads import log_sigmas
from chimerae.losses.adversarial import linear, logistic_fake, logistic_real, non_saturating
from chimerae.losses.latent import LATENT_LOSSES, LatentLoss, mean_scale
from chimerae.losses.path_length import PathLength
from chimerae.losses.penalties import R1
from chimerae.losses.reconstruction import NLL, Likelihood, half_squared_error
from chimerae.methods.conditional import Conditional
from chimerae.methods.method import Clock, Losses
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class AVAE(Conditional):
    """A VAE, and a generator of sharp samples; the VAE's encoder must read their codes back from them."""

    name: ClassVar[str] = "avae"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "vae": ("encoder", "decoder"),
        "generator": ("generator",),
        "critic": ("critic",),
    }
    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder", "generator")
    sample_critic: ClassVar[str] = "critic"

    z_dim: int = Field(default=100, ge=1)
    """Dimensions of the code."""
    beta: float = Field(default=1.0, ge=0)
    """Weight of the KL; 1 in the paper (its per-data-set betas belong to the VAE/GAN baseline)."""
    likelihood: Likelihood = "unit"
    """Variance of the Gaussian decoder: 1, or `estimated` from the errors of each batch (sigma-VAE), so that
    `beta` means the same for every number of pixels.
    """
    latent_loss: LatentLoss = "paper_b"
    """L_Z: equation 12 (`paper_a`), equation 16 (`paper_b`), the published code's weighting (`official`), or
    the same with a mean weight of 1 (`normalised`).
    """
    latent_warmup: float = Field(default=0.0, ge=0, le=1)
    """Share of the run over which the weight of L_Z rises from 0: the generator learns to draw before the
    encoder must read its codes. 0: the paper.
    """
    latent_weight: float = Field(default=1.0, ge=0)
    """Weight of L_Z after that; 1: the paper. L_Z is a sum over the dimensions of the code: in a short run on
    colour images it outweighs the game, and the generator hides the code in a pattern.
    """
    adv_loss: Literal["linear_logit", "softplus"] = "linear_logit"
    """L_M: equation 15, or its bounded relative `-log P(real)` (another divergence)."""
    r1: float = Field(default=0.0, ge=0)
    """Weight of a penalty on the critic's slope at data (R1's gamma), which keeps it from running ahead; 0 in
    the sources.
    """
    r1_every: int = Field(default=4, ge=1)
    """Steps between two penalties; each weighs that many times as much."""
    path_length: float = Field(default=0.0, ge=0)
    """Weight of a penalty on steps of unequal length from the generator's style to its image (StyleGAN2)."""
    path_length_every: int = Field(default=4, ge=1)
    """Steps between two such penalties; each weighs that many times as much."""
    sigma_start: float = Field(default=1.0, gt=0)
    """Deviation of the posterior when training begins, 1 in the published code. From 1, means grow until they
    stand out of the noise, and then stay long: codes of data exceed those of the prior, from which alone the
    generator learns.
    """
    use_xi: bool = False
    """Give the generator noise `xi` beside the code, `z_dim` numbers of it."""
    recon_code: Literal["sample", "mean", "mean_rescaled"] = "sample"
    """Code of a reconstruction: drawn from the posterior (the paper), its mean, or its mean at unit
    deviation.
    """

    @property
    def noise_dim(self) -> int:
        """Numbers of `xi`."""
        return self.z_dim if self.use_xi else 0

    @property
    def decoders(self) -> tuple[str, ...]:
        """The VAE's decoder and the generator."""
        return ("decoder", "generator")

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder with one sigma for all samples, decoder, generator, critic: four separate sets of
        weights.
        """
        arch = self.conditioned(arch)
        encoder = arch.encoder(shape, self.z_dim, scale="shared")
        for log_sigma in log_sigmas(encoder):
            nn.init.constant_(log_sigma, log(self.sigma_start))
        return {
            "encoder": encoder,
            "decoder": arch.decoder(self.z_dim, shape),
            "generator": arch.decoder(self.z_dim + self.noise_dim, shape),
            "critic": arch.critic(shape),
        }

    def buffers(self) -> Mapping[str, Tensor]:
        """The running mean of path lengths, where they are penalised."""
        return PathLength(self.path_length).buffers()

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Losses:
        """One turn, three players (figure 4: all gradients, then all steps)."""
        E, D, G, C = nets.encoder, nets.decoder, nets.generator, nets.critic
        q, z = E(x), self.prior(x)
        x_r, kl = D(q.sample()), q.kl()  # (7)
        z_xi = self.with_noise(z)
        x_fake = G(z_xi)
        q_fake = E.untracked(x_fake)  # running statistics stay those of data
        c_real, slope = R1(self.r1, self.r1_every)(C, clock.step, x)
        c_fake = C(x_fake)
        path = PathLength(self.path_length, self.path_length_every)(G, clock.step, z_xi, nets.buffers)
        latent = LATENT_LOSSES[self.latent_loss](q_fake, z)
        rec = half_squared_error(x, x_r)
        clock.log(rec=rec, kl=kl, latent=latent, c_real=c_real, c_fake=c_fake, sigma=q.sigma)
        return {
            "vae": (NLL[self.likelihood](x, x_r) + self.beta * kl).mean(),  # (8), (9)
            "generator": (
                self.latent_weight * clock.ramp(self.latent_warmup) * latent
                + ADVERSARIAL[self.adv_loss](c_fake)
                + path
            ).mean(),  # (16) or (12), + (15) with c = -logit C
            "critic": (logistic_real(c_real) + logistic_fake(c_fake) + slope).mean(),  # (13)
        }

    def reconstruction_code(self, q: Gaussian, eps: Tensor) -> Tensor:
        """The code `[B, z_dim]` as `recon_code` says."""
        return RECONSTRUCTION_CODES[self.recon_code](q, eps)


ADVERSARIAL: Mapping[str, Callable[[Tensor], Tensor]] = {"linear_logit": linear, "softplus": non_saturating}

USED_DIMENSION = 0.1
"""`sqrt(1 - sigma^2)` from which on a dimension counts as used."""


def _mean_rescaled(q: Gaussian, eps: Tensor) -> Tensor:
    """`mu / sqrt(1 - sigma^2)`, an L^b generator's input for E(G(z)) = mu; noise where sigma is near 1."""
    scale = mean_scale(q)
    return torch.where(scale > USED_DIMENSION, q.mu / scale.clamp(min=USED_DIMENSION), eps)


RECONSTRUCTION_CODES: Mapping[str, Callable[[Gaussian, Tensor], Tensor]] = {
    "sample": lambda q, eps: q.sample(eps),
    "mean": lambda q, eps: q.mu,
    "mean_rescaled": _mean_rescaled,
}
