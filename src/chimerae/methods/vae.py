"""VAE and beta-VAE (Kingma and Welling 2013; Higgins et al. 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, final

from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.losses.reconstruction import NLL, Likelihood, half_squared_error
from chimerae.methods.conditional import Conditional
from chimerae.methods.method import Clock, Losses
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class VAE(Conditional):
    """Variational autoencoder with a Gaussian decoder; `beta` weighs the KL."""

    name: ClassVar[str] = "vae"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {"vae": ("encoder", "decoder")}
    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder")

    z_dim: int = Field(default=100, ge=1)
    """Dimensions of the code."""
    beta: float = Field(default=1.0, ge=0)
    """Weight of the KL; 1 is the VAE, more is a beta-VAE."""
    sigma: Literal["free", "shared"] = "free"
    """Posterior deviation: one per sample, or one learned vector for all samples (the AVAE paper's VAE)."""
    likelihood: Likelihood = "unit"
    """Variance of the Gaussian decoder: 1, or `estimated` from the errors of each batch (sigma-VAE), so that
    `beta` means the same for every number of pixels.
    """

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder and decoder."""
        arch = self.conditioned(arch)
        return {
            "encoder": arch.encoder(shape, self.z_dim, scale=self.sigma),
            "decoder": arch.decoder(self.z_dim, shape),
        }

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Losses:
        """One turn: both networks minimise the negative ELBO."""
        E, D = nets.encoder, nets.decoder
        q = E(x)
        x_r, kl = D(q.sample()), q.kl()
        clock.log(rec=half_squared_error(x, x_r), kl=kl)
        return {"vae": (NLL[self.likelihood](x, x_r) + self.beta * kl).mean()}  # -ELBO, beta-VAE eq. 4
