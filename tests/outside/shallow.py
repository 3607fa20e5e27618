"""A family of networks as a user's file outside the package would have it: a trunk and what mirrors it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from chimerae.errors import InputError
from chimerae.heads import OUTPUTS, Logit, Output, Pair
from chimerae.nets import Architecture
from chimerae.shapes import Shape, is_image, numel


@dataclass(frozen=True, kw_only=True)
class Shallow(Architecture):
    """One strided convolution each way, for images with even sides."""

    name: ClassVar[str] = "shallow"

    width: int = 4
    """Channels."""

    def check(self, shape: Shape) -> None:
        """Raise `InputError` for anything but images with even sides."""
        if not is_image(shape):
            raise InputError("shallow needs images; use --arch mlp")
        if self.nearest(shape) != shape:
            _, height, width = self.nearest(shape)
            raise InputError(f"shallow needs even sides; the nearest are --prepare.size {height} {width}")

    def nearest(self, shape: Shape) -> Shape:
        """The shape with its sides rounded up to even numbers."""
        channels, height, width = shape
        return channels, height + height % 2, width + width % 2

    def trunk(self, shape: Shape, *, norm: bool = True) -> nn.Sequential:
        """One convolution, normalised or not."""
        self.check(shape)
        normalised = [nn.BatchNorm2d(self.width)] if norm else []
        convolution = nn.Conv2d(shape[0], self.width, 4, 2, 1)
        return nn.Sequential(nn.Sequential(convolution, *normalised, nn.LeakyReLU(0.2)), nn.Flatten())

    def decoder(self, z_dim: int, shape: Shape, *, output: Output = "tanh") -> nn.Module:
        """The mirror of the trunk."""
        self.check(shape)
        bottom = (self.width, shape[1] // 2, shape[2] // 2)
        first = [nn.Linear(z_dim, numel(bottom)), nn.ReLU(), nn.Unflatten(1, bottom)]
        return nn.Sequential(*first, nn.ConvTranspose2d(self.width, shape[0], 4, 2, 1), OUTPUTS[output]())

    def pair_critic(self, shape: Shape, z_dim: int, *, norm: bool = True) -> nn.Module:
        """Features of the image and the code side by side."""
        units = self.features(shape) + z_dim
        joint = nn.Sequential(nn.Linear(units, 8), nn.LeakyReLU(0.2), Logit(8))
        return Pair(self.trunk(shape, norm=norm), nn.Identity(), joint)
