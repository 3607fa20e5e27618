"""A GAN with StyleGAN2's path length penalty (Karras et al. 2020, arXiv 1912.04958, equation 4).

The penalty is lazy: it is taken on every 16th step, in a turn of its own. Its target, the running mean of
path lengths, is a buffer of the method.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from chimerae import noise
from chimerae.losses.adversarial import logistic_fake, logistic_real, non_saturating
from chimerae.methods import Clock, Losses, Method
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape


@dataclass(frozen=True, kw_only=True)
class PathLengthGAN(Method):
    """A GAN whose generator keeps the length of its Jacobian."""

    name: ClassVar[str] = "path-length-gan"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {"critic": ("critic",), "generator": ("generator",)}
    exported: ClassVar[tuple[str, ...]] = ("generator",)

    z_dim: int = 8
    """Numbers in a code."""
    weight: float = 2.0
    """Of the penalty."""
    every: int = 16
    """Steps from one penalty to the next."""
    decay: float = 0.01
    """Share of a new batch in the running mean."""

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Generator and critic."""
        return {"generator": arch.decoder(self.z_dim, shape), "critic": arch.critic(shape, norm=False)}

    def buffers(self) -> Mapping[str, Tensor]:
        """The running mean of path lengths."""
        return {"path": torch.zeros(())}

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
        """Critic, generator, and on every 16th step the penalty."""
        G, C = nets.generator, nets.critic
        x_fake = G(self.prior(x))
        yield {"critic": (logistic_real(C(x)) + logistic_fake(C(x_fake.detach()))).mean()}
        yield {"generator": non_saturating(C(x_fake)).mean()}
        if clock.step % self.every == 0:
            z = self.prior(x).requires_grad_()
            x_fake = G(z)
            y = noise.normal(len(x), x_fake[0].numel(), like=x).view_as(x_fake) / x_fake[0].numel() ** 0.5
            (slope,) = torch.autograd.grad((x_fake * y).sum(), z, create_graph=True)
            length = slope.square().sum(1).sqrt()
            mean = nets.buffers["path"].lerp(length.mean().detach(), self.decay)
            nets.buffers["path"] = mean
            clock.log(path=length)
            yield {"generator": self.every * self.weight * (length - mean).square().mean()}
