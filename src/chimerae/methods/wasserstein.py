"""Parts of both Wasserstein autoencoders: settings, codes in prior deviations, the term of fixed points."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from chimerae import noise
from chimerae.config import STRICT
from chimerae.gaussian import Gaussian
from chimerae.losses.fixed_point import fixed_point
from chimerae.losses.reconstruction import squared_error
from chimerae.methods.method import Method
from chimerae.nets import Nets


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Wasserstein(Method):
    """An autoencoder whose prior has the variance `sigma2_z` in training, and 1 outside of it."""

    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder")

    z_dim: int = Field(default=64, ge=1)
    """Dimensions of the code: 64 (CelebA), 8 (MNIST)."""
    penalty: float = Field(default=1.0, ge=0)
    """Weight of the distance of codes from the prior (`lambda`)."""
    recon_weight: float = Field(default=0.05, ge=0)
    """Weight of the squared error; the published code's constant, without which its lambdas mean nothing."""
    sigma2_z: float = Field(default=1.0, gt=0)
    """Variance of the prior: 1 in the code, 2 in the paper. Outside of training codes are measured in prior
    deviations.
    """
    add_noise: float = Field(default=0.0, ge=0)
    """Deviation of the truncated noise on what the encoder sees while it learns, new in each of its passes;
    0.01 in the code.
    """
    aef: float = Field(default=0.0, ge=0)
    """Weight of a term that makes samples fixed points of the autoencoder (`w_aef` of the code); 0: none."""

    def _unfixed(self, nets: Nets, z: Tensor) -> Tensor:
        """Change of samples that are encoded and decoded, `[B]`; its gradient moves the decoder alone."""
        if not self.aef:
            return torch.zeros(len(z), device=z.device)
        E, D = nets.encoder, nets.decoder

        def rebuilt(x: Tensor) -> Tensor:
            again: Tensor = D.untracked(E.untracked(noise.disturbed(x, self.add_noise)).mu)
            return again

        return fixed_point(D(z), rebuilt, squared_error)

    def generate(self, nets: Nets, z: Tensor) -> Tensor:
        """Decoder output for codes `[n, z_dim]` in deviations of the prior."""
        x: Tensor = nets.decoder(self.sigma2_z**0.5 * z)
        return x

    def encode(self, nets: Nets, x: Tensor) -> Gaussian:
        """The code of `x` in deviations of the prior, as a Gaussian without spread."""
        q: Gaussian = nets.encoder(x)
        return q.scaled(self.sigma2_z**-0.5)
