"""A small VQ-GAN (Esser et al. 2021, arXiv 2012.09841), as a user's file outside the package would have it.

A frozen network measures perceptual errors, a critic gives a logit for each patch, and the weight of the game
is the ratio of the gradients at the decoder's last layer. Nothing is drawn: codes have no prior.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from chimerae.gaussian import Gaussian
from chimerae.losses.adaptive import gradient_ratio
from chimerae.losses.adversarial import logistic_fake, logistic_real, non_saturating
from chimerae.losses.reconstruction import squared_error
from chimerae.methods import Clock, Losses, Method
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape


class Codebook(nn.Module):
    """`z [B, n * d]` to the nearest of `entries` vectors for each of its n parts, and the distance to it."""

    def __init__(self, entries: int, d: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(entries, d))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The quantised code with the gradient of `z`, and the loss that draws both together, `[B]`."""
        parts = z.unflatten(1, (-1, self.vectors.shape[1]))
        nearest = self.vectors[torch.cdist(parts, self.vectors).argmin(2)]
        drawn = (nearest - parts.detach()).square() + 0.25 * (nearest.detach() - parts).square()
        return (parts + (nearest - parts).detach()).flatten(1), drawn.flatten(1).sum(1)


def patch_critic(channels: int) -> nn.Module:
    """`x [B, C, H, W]` to a logit for each patch, `[B, H/4, W/4]`."""
    return nn.Sequential(
        nn.Conv2d(channels, 8, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(8, 1, 4, 2, 1),
        nn.Flatten(1, 2),
    )


@dataclass(frozen=True, kw_only=True)
class VQGAN(Method):
    """A quantised autoencoder whose errors are perceptual, against a critic of patches."""

    name: ClassVar[str] = "vq-gan"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "autoencoder": ("encoder", "codebook", "decoder"),
        "critic": ("critic",),
    }
    exported: ClassVar[tuple[str, ...]] = ("encoder", "codebook", "decoder")
    frozen: ClassVar[tuple[str, ...]] = ("perceptual",)
    generates: ClassVar[bool] = False

    z_dim: int = 8
    """Numbers in a code."""
    entries: int = 16
    """Vectors in the codebook."""

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder, codebook, decoder, critic of patches, and a fixed network that sees what people see."""
        return {
            "encoder": arch.encoder(shape, self.z_dim, scale="none"),
            "codebook": Codebook(self.entries, 2),
            "decoder": arch.decoder(self.z_dim, shape),
            "critic": patch_critic(shape[0]),
            "perceptual": nn.Sequential(nn.Conv2d(shape[0], 4, 3, 1, 1), nn.BatchNorm2d(4), nn.ReLU()),
        }

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Losses:
        """One turn, two players."""
        z, drawn = nets.codebook(nets.encoder(x).mu)
        x_r = nets.decoder(z)
        seen = squared_error(nets.perceptual(x), nets.perceptual(x_r))
        rec, game = (squared_error(x, x_r) + seen).mean(), non_saturating(nets.critic(x_r)).mean()
        weight = gradient_ratio(rec, game, nets.modules["decoder"])
        clock.log(rec=rec, seen=seen, weight=weight)
        told = logistic_real(nets.critic(x)).mean() + logistic_fake(nets.critic(x_r)).mean()
        return {"autoencoder": rec + drawn.mean() + weight * game, "critic": told}

    def encode(self, nets: Nets, x: Tensor) -> Gaussian:
        """The quantised code, without spread."""
        mu = nets.codebook(nets.encoder(x).mu)[0]
        return Gaussian.point(mu)
