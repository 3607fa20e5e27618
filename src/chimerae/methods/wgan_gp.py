"""WGAN-GP (Gulrajani et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.losses.adversarial import linear
from chimerae.losses.penalties import gradient_penalty
from chimerae.methods.method import Clock, Losses, Method
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class WGANGP(Method):
    """Wasserstein GAN with gradient penalty: a step is a critic step, every `n_critic`-th moves the generator
    too.
    """

    name: ClassVar[str] = "wgan-gp"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {"generator": ("generator",), "critic": ("critic",)}
    exported: ClassVar[tuple[str, ...]] = ("generator",)
    sample_critic: ClassVar[str] = "critic"

    z_dim: int = Field(default=128, ge=1)
    """Dimensions of the code."""
    penalty: float = Field(default=10.0, ge=0)
    """Weight of the gradient penalty (`lambda`); the paper's toys use 0.1."""
    n_critic: int = Field(default=5, ge=1)
    """Critic steps, each on a fresh batch, per generator step."""

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Generator, and a critic without BatchNorm (the penalty is per sample)."""
        return {"generator": arch.decoder(self.z_dim, shape), "critic": arch.critic(shape, norm=False)}

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
        """A critic turn, and on every `n_critic`-th batch a generator turn."""
        G, C = nets.generator, nets.critic
        with torch.no_grad():
            x_fake = G(self.prior(x))
        c_real, c_fake, gp = C(x), C(x_fake), gradient_penalty(C.in_float32, x, x_fake)
        clock.log(c_real=c_real, c_fake=c_fake, penalty=gp)
        yield {"critic": (c_fake - c_real + self.penalty * gp).mean()}  # eq. 3

        if clock.step % self.n_critic == self.n_critic - 1:
            yield {"generator": linear(C(G(self.prior(x)))).mean()}  # algorithm 1, line 12
