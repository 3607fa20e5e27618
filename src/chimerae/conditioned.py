"""An architecture whose encoders, decoders and critics of samples also see a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from chimerae.heads import Output, Scale
from chimerae.labels import LabelledCritic, LabelledDecoder, LabelledEncoder
from chimerae.nets import Architecture
from chimerae.shapes import Shape


@dataclass(frozen=True)
class Conditioned(Architecture):
    """The networks of another architecture, joined with labels of `classes` classes.

    `encoder`, `decoder` and `critic` take labels; all other networks are those without.
    """

    name: ClassVar[str] = "conditioned"

    inner: Architecture
    classes: int

    def encoder(self, shape: Shape, z_dim: int, *, scale: Scale = "free") -> nn.Module:
        """A network `x [B, *shape], y [B, N] -> Gaussian` over `z_dim` dimensions."""
        wider = LabelledEncoder.wider(shape, self.classes)
        return LabelledEncoder(self.inner.encoder(wider, z_dim, scale=scale), self.classes, shape)

    def decoder(self, z_dim: int, shape: Shape, *, output: Output = "tanh") -> nn.Module:
        """A network `z [B, z_dim], y [B, N] -> x [B, *shape]`. The embedding is as long as the code, so that
        both have the same weight, and a code that is a map has one that is a map.
        """
        inner = self.inner.decoder(2 * z_dim, shape, output=output)
        return LabelledDecoder(inner, self.classes, z_dim)

    def critic(self, shape: Shape, *, norm: bool = True) -> nn.Module:
        """A network `x [B, *shape], y [B, N] -> logit [B]` (> 0 means real)."""
        return LabelledCritic(self.inner.critic(shape, norm=norm), self.classes)

    def check(self, shape: Shape) -> None:
        """As that of the other architecture."""
        self.inner.check(shape)

    def nearest(self, shape: Shape) -> Shape:
        """As that of the other architecture."""
        return self.inner.nearest(shape)

    def trunk(self, shape: Shape, *, norm: bool = True) -> nn.Sequential:
        """As that of the other architecture, without labels."""
        return self.inner.trunk(shape, norm=norm)

    def pair_critic(self, shape: Shape, z_dim: int, *, norm: bool = True) -> nn.Module:
        """As that of the other architecture, without labels."""
        return self.inner.pair_critic(shape, z_dim, norm=norm)
