"""GAN (Goodfellow et al. 2014) with DCGAN's rules (Radford et al. 2015)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Literal, final

from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.losses.adversarial import GENERATOR_LOSSES, GeneratorLoss, logistic_fake, logistic_real
from chimerae.losses.penalties import R1
from chimerae.methods.method import Clock, Losses, Method, Played
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class GAN(Method):
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

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Generator and critic."""
        return {"generator": arch.decoder(self.z_dim, shape), "critic": arch.critic(shape)}

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Played:
        """One turn, or two, as `update` says."""
        return UPDATES[self.update](self, nets, x, clock)


def _critic_loss(method: GAN, nets: Nets, x: Tensor, c_fake: Tensor, clock: Clock) -> Tensor:
    c_real, slope = R1(method.r1, method.r1_every)(nets.critic, clock.step, x)
    clock.log(c_real=c_real, c_fake=c_fake)
    return (logistic_real(c_real) + logistic_fake(c_fake) + slope).mean()  # Goodfellow et al., eq. 1


def _simultaneous(method: GAN, nets: Nets, x: Tensor, clock: Clock) -> Losses:
    G, C = nets.generator, nets.critic
    c_fake = C(G(method.prior(x)))
    return {
        "generator": GENERATOR_LOSSES[method.adv_loss](c_fake).mean(),
        "critic": _critic_loss(method, nets, x, c_fake, clock),
    }


def _alternating(method: GAN, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
    G, C = nets.generator, nets.critic
    x_fake = G(method.prior(x))
    yield {"critic": _critic_loss(method, nets, x, C(x_fake.detach()), clock)}
    c_fake = C(x_fake)  # the critic has moved, the samples are the same
    yield {"generator": GENERATOR_LOSSES[method.adv_loss](c_fake).mean()}


def _alternating_minibatch(method: GAN, nets: Nets, x: Tensor, clock: Clock) -> Losses:
    G, C = nets.generator, nets.critic
    x_fake = G(method.prior(x))
    if clock.step % 2 == 0:
        return {"generator": GENERATOR_LOSSES[method.adv_loss](C(x_fake)).mean()}
    return {"critic": _critic_loss(method, nets, x, C(x_fake.detach()), clock)}


UPDATES: Mapping[str, Callable[[GAN, Nets, Tensor, Clock], Played]] = {
    "simultaneous": _simultaneous,
    "alternating": _alternating,
    "alternating_minibatch": _alternating_minibatch,
}
