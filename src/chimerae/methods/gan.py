"""GAN (Goodfellow et al. 2014) with DCGAN's rules (Radford et al. 2015)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Literal, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae import noise
from chimerae.config import STRICT
from chimerae.errors import InputError
from chimerae.labels import styled
from chimerae.losses.adversarial import GENERATOR_LOSSES, GeneratorLoss, logistic_fake, logistic_real
from chimerae.losses.path_length import PathLength
from chimerae.losses.penalties import R1
from chimerae.methods.conditional import Conditional
from chimerae.methods.method import Clock, Losses, Played
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class GAN(Conditional):
    """Generator against a critic with logistic loss; it has no encoder."""

    name: ClassVar[str] = "gan"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {"generator": ("generator",), "critic": ("critic",)}
    exported: ClassVar[tuple[str, ...]] = ("generator",)
    sample_critic: ClassVar[str] = "critic"

    z_dim: int = Field(default=100, ge=1)
    """Dimensions of the code."""
    adv_loss: GeneratorLoss = "non_saturating"
    """Loss of the generator; the AVAE paper's baseline uses `linear`."""
    update: Literal["simultaneous", "alternating", "alternating_minibatch"] = "simultaneous"
    """Both at once; critic then generator on every batch; or in turn, batch by batch (DCGAN's code)."""

    r1: float = Field(default=0.0, ge=0)
    """Weight of a penalty on the critic's slope at data (R1's gamma), which keeps it from running ahead; 0 in
    the sources.
    """
    r1_every: int = Field(default=4, ge=1)
    """Steps between two penalties; each weighs that many times as much."""

    path_length: float = Field(default=0.0, ge=0)
    """Weight of a penalty on steps of unequal length from style to image; 2 in StyleGAN2, which has it at
    every fourth step.
    """
    path_length_every: int = Field(default=4, ge=1)
    """Steps between two such penalties; each weighs that many times as much."""
    mixing: float = Field(default=0.0, ge=0, le=1)
    """Share of samples whose later layers have the style of another code (networks `style` only); 0.9 in
    StyleGAN2.
    """

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Generator and critic.

        Raises:
            InputError: styles are to be mixed in networks that have none.
        """
        built = self.conditioned(arch)
        generator = built.decoder(self.z_dim, shape)
        if self.mixing and styled(generator) is None:
            raise InputError(f"{arch.name} has no styles to mix; use --arch style, or --method.mixing 0")
        return {"generator": generator, "critic": built.critic(shape)}

    def buffers(self) -> Mapping[str, Tensor]:
        """The running mean of path lengths, where they are penalised."""
        return PathLength(self.path_length).buffers()

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Played:
        """One turn, or two, as `update` says."""
        return UPDATES[self.update](self, nets, x, clock)


def _critic_loss(method: GAN, nets: Nets, x: Tensor, c_fake: Tensor, clock: Clock) -> Tensor:
    c_real, slope = R1(method.r1, method.r1_every)(nets.critic, clock.step, x)
    clock.log(c_real=c_real, c_fake=c_fake)
    return (logistic_real(c_real) + logistic_fake(c_fake) + slope).mean()  # Goodfellow et al., eq. 1


def _generator_loss(method: GAN, nets: Nets, z: Tensor, c_fake: Tensor, clock: Clock) -> Tensor:
    paths = PathLength(method.path_length, method.path_length_every)
    path = paths(nets.generator, clock.step, z, nets.buffers)
    return (GENERATOR_LOSSES[method.adv_loss](c_fake) + path).mean()


def _samples(method: GAN, nets: Nets, x: Tensor) -> tuple[Tensor, Tensor]:
    """Codes, and samples of them by the generator, some of them with later layers of another code."""
    G, z = nets.generator, method.prior(x)
    if not method.mixing:
        return z, G(z)
    decoder = styled(G.module)
    assert decoder is not None
    share, styles = noise.uniform(len(x), like=x) / method.mixing, decoder.styles
    first = torch.where(share < 1, 1 + (share * (styles - 1)).floor(), styles)
    return z, G(z, method.prior(x), first)


def _simultaneous(method: GAN, nets: Nets, x: Tensor, clock: Clock) -> Losses:
    C = nets.critic
    z, x_fake = _samples(method, nets, x)
    c_fake = C(x_fake)
    return {
        "generator": _generator_loss(method, nets, z, c_fake, clock),
        "critic": _critic_loss(method, nets, x, c_fake, clock),
    }


def _alternating(method: GAN, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
    C = nets.critic
    z, x_fake = _samples(method, nets, x)
    yield {"critic": _critic_loss(method, nets, x, C(x_fake.detach()), clock)}
    c_fake = C(x_fake)  # the critic has moved, the samples are the same
    yield {"generator": _generator_loss(method, nets, z, c_fake, clock)}


def _alternating_minibatch(method: GAN, nets: Nets, x: Tensor, clock: Clock) -> Losses:
    C = nets.critic
    z, x_fake = _samples(method, nets, x)
    if clock.step % 2 == 0:
        return {"generator": _generator_loss(method, nets, z, C(x_fake), clock)}
    return {"critic": _critic_loss(method, nets, x, C(x_fake.detach()), clock)}


UPDATES: Mapping[str, Callable[[GAN, Nets, Tensor, Clock], Played]] = {
    "simultaneous": _simultaneous,
    "alternating": _alternating,
    "alternating_minibatch": _alternating_minibatch,
}
