"""BiGAN (Donahue et al. 2016) and ALI (Dumoulin et al. 2016): a GAN on pairs of sample and code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, final

from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.losses.adversarial import GENERATOR_LOSSES, GeneratorLoss, logistic_fake, logistic_real
from chimerae.losses.penalties import R1
from chimerae.methods.method import Clock, Losses, Method
from chimerae.methods.pairs import pair_networks
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class BiGAN(Method):
    """Encoder and generator make pairs `(x, z)` that a critic cannot tell apart: (data, its code) and (sample
    of a code, that code).
    """

    name: ClassVar[str] = "bigan"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "pair": ("encoder", "generator"),
        "critic": ("critic",),
    }
    exported: ClassVar[tuple[str, ...]] = ("encoder", "generator")

    z_dim: int = Field(default=100, ge=1)
    """Dimensions of the code."""
    sigma: Literal["none", "free"] = "none"
    """Posterior deviation: none, a deterministic encoder (BiGAN), or one per sample (ALI)."""
    adv_loss: GeneratorLoss = "non_saturating"
    """Loss of encoder and generator against the critic, each on its own pairs with the labels swapped."""

    r1: float = Field(default=0.0, ge=0)
    """Weight of a penalty on the critic's slope at data (R1's gamma), which keeps it from running ahead; 0 in
    the sources.
    """
    r1_every: int = Field(default=4, ge=1)
    """Steps between two penalties; each weighs that many times as much."""

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder, generator, and a critic of pairs."""
        return pair_networks(shape, arch, self.z_dim, self.sigma)

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Losses:
        """One turn, two players: encoder and generator are one team."""
        E, G, C = nets.encoder, nets.generator, nets.critic
        q, z = E(x), self.prior(x)
        c_real, slope = R1(self.r1, self.r1_every)(C, clock.step, x, q.sample())
        c_fake = C(G(z), z)
        clock.log(c_real=c_real, c_fake=c_fake)
        fool = GENERATOR_LOSSES[self.adv_loss]
        return {
            "pair": (fool(-c_real) + fool(c_fake)).mean(),  # both labels swapped
            "critic": (
                logistic_real(c_real) + logistic_fake(c_fake) + slope
            ).mean(),  # ALI eq. 2, BiGAN eq. 3
        }
