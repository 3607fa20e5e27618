"""ALICE (Li et al. 2017, arXiv 1709.01215): ALI with a cycle loss from sample to code and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.losses.adversarial import GENERATOR_LOSSES, logistic_fake, logistic_real, probability
from chimerae.losses.penalties import R1
from chimerae.losses.reconstruction import absolute_error, squared_error
from chimerae.methods.method import Clock, Losses, Method
from chimerae.methods.pairs import pair_networks
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape

CodeCycle = Literal["l1", "l2"]
CODE_CYCLES: Mapping[CodeCycle, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": absolute_error,
    "l2": squared_error,
}


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class ALICE(Method):
    """ALI whose encoder and generator also invert each other: on samples (measured, or judged by a second
    critic) and on codes.
    """

    name: ClassVar[str] = "alice"
    exported: ClassVar[tuple[str, ...]] = ("encoder", "generator")

    z_dim: int = Field(default=100, ge=1)
    """Dimensions of the code."""
    sigma: Literal["none", "free"] = "free"
    """Posterior deviation: one per sample (ALI), or none, a deterministic encoder (BiGAN)."""
    cycle: Literal["l1", "l2", "implicit"] = "l1"
    """Distance of `G(E(x))` from `x`: mean absolute or squared error, or the verdict of a second critic,
    which sees `(x, x)` and `(x, G(E(x)))`.
    """
    code_cycle: CodeCycle = "l1"
    """Distance of `E(G(z))` from `z`."""
    lambda_x: float = Field(default=1.0, ge=0)
    """Weight of the cycle of samples; 1 (MNIST), 1e-6 (CIFAR-10), 0.1 (toys) in the published code."""
    lambda_z: float = Field(default=1.0, ge=0)
    """Weight of the cycle of codes; 0 leaves out its pass."""
    adv_loss: Literal["non_saturating", "saturating", "linear", "probability"] = "non_saturating"
    """Loss of encoder and generator against the critic; `probability` in the published code for images."""

    r1: float = Field(default=0.0, ge=0)
    """Weight of a penalty on the critic's slope at data (R1's gamma), which keeps it from running ahead; 0 in
    the sources.
    """
    r1_every: int = Field(default=4, ge=1)
    """Steps between two penalties; each weighs that many times as much."""

    @property
    def players(self) -> Mapping[str, tuple[str, ...]]:
        """The team and its critics."""
        second = {"cycle_critic": ("cycle_critic",)} if self.cycle == "implicit" else {}
        return {"pair": ("encoder", "generator"), "critic": ("critic",), **second}

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder, generator, a critic of pairs, and with `implicit` a critic of two samples side by side."""
        doubled = (2 * shape[0], *shape[1:])
        second = {"cycle_critic": arch.critic(doubled)} if self.cycle == "implicit" else {}
        return pair_networks(shape, arch, self.z_dim, self.sigma) | second

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Losses:
        """One turn: the team, the critic, and the cycle's critic where there is one."""
        E, G, C = nets.encoder, nets.generator, nets.critic
        q, z = E(x), self.prior(x)
        z_q, x_fake = q.sample(), G(z)
        c_real, slope = R1(self.r1, self.r1_every)(C, clock.step, x, z_q)
        c_fake = C(x_fake, z)
        cycle, judged = CYCLES[self.cycle](self, nets, x, G(z_q))
        code_cycle = self._code_cycle(nets, x_fake, z)
        clock.log(c_real=c_real, c_fake=c_fake, cycle=cycle, code_cycle=code_cycle)
        fool = ADVERSARIAL[self.adv_loss]
        return {
            "pair": (
                fool(-c_real) + fool(c_fake) + self.lambda_x * cycle + self.lambda_z * code_cycle
            ).mean(),  # ALI, and bounds of H(x given z) and H(z given x)
            "critic": (logistic_real(c_real) + logistic_fake(c_fake) + slope).mean(),
            **judged,
        }

    def _code_cycle(self, nets: Nets, x_fake: Tensor, z: Tensor) -> Tensor:
        if not self.lambda_z:
            return torch.zeros_like(z[:, 0])
        z_back = nets.encoder.untracked(x_fake).sample()  # running statistics stay those of data
        return CODE_CYCLES[self.code_cycle](z, z_back) / self.z_dim


def _measured(error: Callable[[Tensor, Tensor], Tensor]) -> Cycle:
    """Mean error over the values of a sample: the published weights go with means."""
    return lambda method, nets, x, x_r: (error(x, x_r) / x[0].numel(), {})


def _judged(method: ALICE, nets: Nets, x: Tensor, x_r: Tensor) -> tuple[Tensor, Losses]:
    """A critic of two samples: `(x, x)` is real, `(x, G(E(x)))` is not."""
    C = nets.cycle_critic
    c_same, c_cycle = C(torch.cat([x, x], 1)), C(torch.cat([x, x_r], 1))
    loss = (logistic_real(c_same) + logistic_fake(c_cycle)).mean()
    return ADVERSARIAL[method.adv_loss](c_cycle), {"cycle_critic": loss}


Cycle = Callable[[ALICE, Nets, Tensor, Tensor], tuple[Tensor, Losses]]
CYCLES: Mapping[str, Cycle] = {
    "l1": _measured(absolute_error),
    "l2": _measured(squared_error),
    "implicit": _judged,
}
"""Loss of the team for `x_r = G(E(x))`, `[B]`, and losses of other players that come with it."""

ADVERSARIAL: Mapping[str, Callable[[Tensor], Tensor]] = {
    "probability": probability,
    **{str(name): loss for name, loss in GENERATOR_LOSSES.items()},
}
