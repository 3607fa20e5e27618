"""Networks of the methods whose critic sees a sample together with its code."""

from __future__ import annotations

from torch import nn

from chimerae.heads import Scale
from chimerae.nets import Architecture
from chimerae.shapes import Shape


def pair_networks(shape: Shape, arch: Architecture, z_dim: int, sigma: Scale) -> dict[str, nn.Module]:
    """Encoder, generator, and a critic of pairs, in this order."""
    return {
        "encoder": arch.encoder(shape, z_dim, scale=sigma),
        "generator": arch.decoder(z_dim, shape),
        "critic": arch.pair_critic(shape, z_dim),
    }
