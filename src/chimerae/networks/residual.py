"""The residual networks of IntroVAE and Soft-IntroVAE (arXiv 1807.06358, 2012.13253; from their settings)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from math import prod
from typing import Annotated, ClassVar, Literal, final

from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.heads import OUTPUTS, Logit, Output, Pair
from chimerae.nets import Architecture
from chimerae.networks.sides import check_sides, halvings, images_only, multiples_of, next_multiple
from chimerae.shapes import Shape

WIDEST = 512
"""Number of channels at which doubling stops."""
SLOPE = 0.2
"""Negative slope of every LeakyReLU."""

BlockBN = Literal["after_add", "before_add"]
Shortcut = Literal["width_changes", "every_level"]


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class Residual(Architecture):
    """A 5x5 convolution, then residual blocks with average pooling between them, down to 4 to 7 pixels.

    Sides are halved once for each entry of `channels` and must be divisible as often by 2; they need not be
    equal.
    """

    name: ClassVar[str] = "residual"

    width: int = Field(default=64, ge=1)
    """Channels of the first convolution; they double at each halving, up to 512. IntroVAE: 32 at 256 px, 16
    at 1024; Soft-IntroVAE: 64.
    """
    channels: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """Channels at each halving, first to last; none: from `width`, as many as leave sides of 4 to 7."""
    block_bn: BlockBN = "before_add"
    """A block's second BatchNorm: on the sum with the shortcut (IntroVAE), or before it (Soft-IntroVAE)."""
    shortcut: Shortcut = "width_changes"
    """Levels whose shortcut is a 1x1 convolution: those that change the width, or all, even from 512 to 512
    (IntroVAE's published code).
    """

    def check(self, shape: Shape) -> None:
        """Raise `InputError` for a shape that these networks cannot be built for, naming the nearest valid
        one.
        """
        images_only(self.name, shape)
        multiples = multiples_of(len(self._levels(shape)))
        check_sides(self.name, shape, self.nearest(shape), multiples, word="larger")

    def nearest(self, shape: Shape) -> Shape:
        """The valid shape nearest to `shape` that is not smaller."""
        return next_multiple(shape, lambda near: 2 ** len(self._levels(near)))

    def trunk(self, shape: Shape, *, norm: bool = True) -> nn.Sequential:
        """From images to flat features; its stages are the halvings, the last block, and `Flatten`."""
        self.check(shape)
        levels = self._levels(shape)
        first = [nn.Conv2d(shape[0], levels[0], 5, 1, 2, bias=not norm), *_norm(levels[0], norm)]
        stages = [nn.Sequential(*first, nn.LeakyReLU(SLOPE), nn.AvgPool2d(2))]
        for inputs, outputs in pairwise(levels):
            stages.append(nn.Sequential(self._block(inputs, outputs, norm, level=True), nn.AvgPool2d(2)))
        return nn.Sequential(*stages, self._block(levels[-1], levels[-1], norm), nn.Flatten())

    def decoder(self, z_dim: int, shape: Shape, *, output: Output = "tanh") -> nn.Module:
        """A network `z [B, z_dim] -> x [B, C, H, W]` that ends in `output`."""
        bottom = self._bottom(shape)
        upwards = self._levels(shape)[::-1]
        blocks: list[nn.Module] = [self._block(upwards[0], upwards[0]), nn.Upsample(scale_factor=2)]
        for inputs, outputs in pairwise(upwards):
            blocks += [self._block(inputs, outputs, level=True), nn.Upsample(scale_factor=2)]
        return nn.Sequential(
            nn.Linear(z_dim, prod(bottom)),
            nn.ReLU(),
            nn.Unflatten(1, bottom),
            *blocks,
            self._block(upwards[-1], upwards[-1]),
            nn.Conv2d(upwards[-1], shape[0], 5, 1, 2),
            OUTPUTS[output](),
        )

    def pair_critic(self, shape: Shape, z_dim: int, *, norm: bool = True) -> nn.Module:
        """A network `x [B, C, H, W], z [B, z_dim] -> logit [B]`: codes join the image's last features."""
        self.check(shape)
        last = self._levels(shape)[-1]
        images = nn.Sequential(self.trunk(shape, norm=norm), nn.Linear(prod(self._bottom(shape)), last))
        codes = nn.Sequential(nn.Linear(z_dim, last), nn.LeakyReLU(SLOPE), nn.Linear(last, last))
        joint = nn.Sequential(nn.Linear(2 * last, 2 * last), nn.LeakyReLU(SLOPE), Logit(2 * last))
        return Pair(images, codes, joint)

    @property
    def code_critic_width(self) -> int:
        """Units per hidden layer of a critic of codes: 8 times `width`."""
        return 8 * self.width

    def _levels(self, shape: Shape) -> tuple[int, ...]:
        """Channels at each halving."""
        if self.channels:
            return self.channels
        return tuple(min(self.width * 2**i, max(WIDEST, self.width)) for i in range(halvings(shape)))

    def _bottom(self, shape: Shape) -> tuple[int, int, int]:
        """Shape of the last block's output."""
        self.check(shape)
        levels = self._levels(shape)
        return levels[-1], shape[1] >> len(levels), shape[2] >> len(levels)

    def _block(self, inputs: int, outputs: int, norm: bool = True, *, level: bool = False) -> nn.Module:
        """A residual block; `level`: it leads from one entry of the channels to the next."""
        projects = SHORTCUTS[self.shortcut](inputs != outputs, level)
        return ResidualBlock(inputs, outputs, self.block_bn, norm, projects)


SHORTCUTS: Mapping[Shortcut, Callable[[bool, bool], bool]] = {
    "width_changes": lambda changes, level: changes,
    "every_level": lambda changes, level: changes or level,
}


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut (the identity, or a 1x1 convolution where it `projects`)."""

    def __init__(self, inputs: int, outputs: int, block_bn: BlockBN, norm: bool, projects: bool) -> None:
        super().__init__()
        self.shortcut = nn.Conv2d(inputs, outputs, 1, bias=False) if projects else nn.Identity()
        inside, outside = (norm and block_bn == where for where in ("before_add", "after_add"))
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, 1, 1, bias=not norm),
            *_norm(outputs, norm),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=not norm),
            *_norm(outputs, inside),
        )
        self.end = nn.Sequential(*_norm(outputs, outside), nn.LeakyReLU(SLOPE))

    def forward(self, h: Tensor) -> Tensor:
        """Features `[B, outputs, H, W]` of `h` `[B, inputs, H, W]`."""
        out: Tensor = self.end(self.body(h) + self.shortcut(h))
        return out


def _norm(channels: int, norm: bool) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels)] if norm else []
