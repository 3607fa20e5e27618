"""WAE-MMD, Wasserstein autoencoder with a kernel distance (Tolstikhin et al. 2018, arXiv 1711.01558)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae import noise
from chimerae.config import STRICT
from chimerae.losses.kernels import SCALES, Scales, mmd, moment_gap
from chimerae.losses.reconstruction import squared_error
from chimerae.methods.method import Clock, Losses
from chimerae.methods.wasserstein import Wasserstein
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape

SETTLED = 0.1
"""Distance of moments below which a batch needs no pre-training."""


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class WAEMMD(Wasserstein):
    """An autoencoder whose codes, taken together, are drawn to the prior by a kernel distance."""

    name: ClassVar[str] = "wae-mmd"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {"autoencoder": ("encoder", "decoder")}

    penalty: float = Field(default=100.0, ge=0)
    """Weight of the MMD (`lambda`): 100 (CelebA), 10 (MNIST)."""
    mmd_scales: Scales = "seven"
    """Kernel constants: a sum over seven (the published code), or the single one of the paper."""
    pretrain: int = Field(default=0, ge=0)
    """First batches, in which the encoder learns alone while its codes' moments are far from the prior's."""

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
