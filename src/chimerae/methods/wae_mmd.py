"""WAE-MMD, Wasserstein autoencoder with a kernel distance (Tolstikhin et al. 2018, arXiv 1711.01558)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae import noise
from chimerae.config import STRICT
from chimerae.gaussian import Gaussian
from chimerae.losses.fixed_point import fixed_point
from chimerae.losses.kernels import SCALES, Scales, mmd, moment_gap
from chimerae.losses.reconstruction import squared_error
from chimerae.methods.method import Clock, Losses, Method
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape

SETTLED = 0.1
"""Distance of moments below which a batch needs no pre-training."""


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class WAEMMD(Method):
    """An autoencoder whose codes, taken together, are drawn to the prior by a kernel distance."""

    name: ClassVar[str] = "wae-mmd"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {"autoencoder": ("encoder", "decoder")}
    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder")

    z_dim: int = Field(default=64, ge=1)
    """Dimensions of the code: 64 (CelebA), 8 (MNIST)."""
    penalty: float = Field(default=100.0, ge=0)
    """Weight of the MMD (`lambda`): 100 (CelebA), 10 (MNIST)."""
    recon_weight: float = Field(default=0.05, ge=0)
    """Weight of the squared error; the published code's constant, without which its lambdas mean nothing."""
    mmd_scales: Scales = "seven"
    """Kernel constants: a sum over seven (the published code), or the single one of the paper."""
    sigma2_z: float = Field(default=1.0, gt=0)
    """Variance of the prior: 1 in the code, 2 in the paper. Outside of training codes are measured in prior
    deviations.
    """
    pretrain: int = Field(default=0, ge=0)
    """First batches, in which the encoder learns alone while its codes' moments are far from the prior's."""
    add_noise: float = Field(default=0.0, ge=0)
    """Deviation of the truncated noise on what the encoder sees while it learns, new in each of its passes;
    0.01 in the code.
    """
    aef: float = Field(default=0.0, ge=0)
    """Weight of a term that makes samples fixed points of the autoencoder (`w_aef` of the code); 0: none."""

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """An encoder without spread, and a decoder."""
        return {
            "encoder": arch.encoder(shape, self.z_dim, scale="none"),
            "decoder": arch.decoder(self.z_dim, shape),
        }

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Losses:
        """One turn, one player; in the first batches perhaps pre-training."""
        E, D = nets.encoder, nets.decoder
        z, z_q = self.sigma2_z**0.5 * self.prior(x), E(noise.disturbed(x, self.add_noise)).mu
        if clock.step < self.pretrain and (moments := moment_gap(z, z_q)) >= SETTLED:
            clock.log(moments=moments)
            return {"autoencoder": moments}  # independent of the decoder, which stays as it is
        rec, gap = squared_error(x, D(z_q)), mmd(z, z_q, SCALES[self.mmd_scales], self.sigma2_z)
        clock.log(rec=rec, mmd=gap)
        errors = self.recon_weight * (rec + self.aef * self._unfixed(nets, z))
        return {"autoencoder": errors.mean() + self.penalty * gap}  # algorithm 2

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
