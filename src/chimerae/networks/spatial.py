"""Autoencoders whose codes are maps: residual blocks with GroupNorm, as in latent diffusion.

Source: Rombach et al. 2022 (arXiv 2112.10752), appendix E and G, after Esser et al. 2021 (arXiv 2012.09841),
table 7.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from itertools import pairwise
from math import gcd
from typing import ClassVar, Final, Literal, final

from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import nn

from chimerae.config import STRICT
from chimerae.heads import OUTPUTS, Output, Pair, Scale, code_critic
from chimerae.nets import Architecture
from chimerae.networks.blocks import Block, Down, MapPosterior, Middle, Up
from chimerae.networks.sides import check_sides, images_only, next_multiple
from chimerae.shapes import Shape, numel

Factor = Literal[2, 4, 8, 16]
MULTIPLIERS: Final[Mapping[int, tuple[int, ...]]] = {
    2: (1, 2),
    4: (1, 2, 4),
    8: (1, 2, 4, 4),
    16: (1, 1, 2, 2, 4),
}
"""Channels at each resolution, in widths, by the factor: the published settings for 4, 8 and 16."""
GROUPS: Final = 32
"""Groups of GroupNorm in wide networks; a group has 4 channels of the narrowest level or more."""


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class Spatial(Architecture):
    """Encoders and decoders whose code is a map of channels, `factor` times smaller than the image.

    A code `[B, z]` is such a map, flattened, if z is a multiple of its places; else linear layers stand
    between the map and the code. Sides must be multiples of `factor`; they need not be equal.
    """

    name: ClassVar[str] = "spatial"

    width: int = Field(default=32, ge=1)
    """Channels at full resolution; 128 in the paper."""
    factor: Factor = 8
    """Sides of an image over those of its code."""
    code_channels: int = Field(default=4, ge=1)
    """Channels of a code where a method asks for no other size; 3, 4 and 16 in the paper."""
    blocks: int = Field(default=1, ge=1)
    """Residual blocks at each resolution of an encoder; decoders have one more. 2 in the paper."""
    attention: bool = True
    """Let the places of the smallest map attend to each other, in encoders and decoders."""
    mixed_codes: bool = False
    """1x1 convolutions behind the encoder and before the decoder, as in published weights of latent diffusion
    (`use_quant_conv` of diffusers)."""
    patch_width: int = Field(default=32, ge=1)
    """Channels of the first convolution of a critic of patches; 64 in the paper."""

    def check(self, shape: Shape) -> None:
        """Raise `InputError` for a shape that these networks cannot be built for, naming the nearest valid
        one.
        """
        images_only(self.name, shape)
        multiples = f"sides must be multiples of {self.factor}"
        check_sides(self.name, shape, self.nearest(shape), multiples, word="larger")

    def nearest(self, shape: Shape) -> Shape:
        """The valid shape nearest to `shape` that is not smaller."""
        return next_multiple(shape, lambda near: self.factor)

    def code_dim(self, shape: Shape) -> int:
        """Numbers in a map of `code_channels`."""
        self.check(shape)
        return numel(self.code_map(shape, self.code_channels))

    def code_map(self, shape: Shape, channels: int) -> Shape:
        """Shape `(channels, h, w)` of the codes of samples of `shape`."""
        return channels, shape[1] // self.factor, shape[2] // self.factor

    def encoder(self, shape: Shape, z_dim: int, *, scale: Scale = "free") -> nn.Module:
        """A network `x [B, C, H, W] -> Gaussian` over `z_dim` dimensions."""
        channels = self._channels(shape, z_dim)
        if not channels:
            return super().encoder(shape, z_dim, scale=scale)
        body = nn.Sequential(self._body(shape, attention=self.attention))
        code = self.code_map(shape, channels)
        head = MapPosterior(self._widths[-1], code, scale, mixed=self.mixed_codes)
        return nn.Sequential(OrderedDict(body=body, head=head))

    def trunk(self, shape: Shape, *, norm: bool = True) -> nn.Sequential:
        """From images to flat features, without attention. Samples are independent with `norm` too."""
        self.check(shape)
        return nn.Sequential(self._body(shape, attention=False) | OrderedDict(flat=nn.Flatten()))

    def decoder(self, z_dim: int, shape: Shape, *, output: Output = "tanh") -> nn.Module:
        """A network `z [B, z_dim] -> x [B, C, H, W]` that ends in `output`."""
        self.check(shape)
        channels, widths, groups = self._channels(shape, z_dim), self._widths[::-1], self.groups
        code = self.code_map(shape, channels or self.code_channels)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        if not channels:
            layers["linear"] = nn.Linear(z_dim, numel(code))
        layers["map"] = nn.Unflatten(1, code)
        if self.mixed_codes:
            layers["mix"] = nn.Conv2d(code[0], code[0], 1)
        layers["first"] = nn.Conv2d(code[0], widths[0], 3, 1, 1)
        layers["middle"] = Middle(widths[0], groups, self.attention)
        for i, (inputs, outputs) in enumerate(pairwise([widths[0], *widths])):
            level = self._level(inputs, outputs, self.blocks + 1)
            if i < len(widths) - 1:
                level["up"] = Up(outputs)
            layers[f"level{i}"] = nn.Sequential(level)
        layers["norm"] = nn.GroupNorm(groups, widths[-1], eps=1e-6)
        layers["activation"] = nn.SiLU()
        layers["last"] = nn.Conv2d(widths[-1], shape[0], 3, 1, 1)
        layers["output"] = OUTPUTS[output]()
        return nn.Sequential(layers)

    def pair_critic(self, shape: Shape, z_dim: int, *, norm: bool = True) -> nn.Module:
        """A network `x [B, C, H, W], z [B, z_dim] -> logit [B]`: the trunk, and the code beside its
        features.
        """
        joint = code_critic(self.features(shape) + z_dim, self.code_critic_width, depth=2)
        return Pair(self.trunk(shape, norm=norm), nn.Identity(), joint)

    @property
    def code_critic_width(self) -> int:
        """Units per hidden layer of a critic of codes: 8 times `width`."""
        return 8 * self.width

    def _body(self, shape: Shape, *, attention: bool) -> OrderedDict[str, nn.Module]:
        """Layers from images to maps with the channels of the last level, normalised."""
        self.check(shape)
        widths, groups = self._widths, self.groups
        layers: OrderedDict[str, nn.Module] = OrderedDict(first=nn.Conv2d(shape[0], widths[0], 3, 1, 1))
        for i, (inputs, outputs) in enumerate(pairwise([widths[0], *widths])):
            level = self._level(inputs, outputs, self.blocks)
            if i < len(widths) - 1:
                level["down"] = Down(outputs)
            layers[f"level{i}"] = nn.Sequential(level)
        layers["middle"] = Middle(widths[-1], groups, attention)
        layers["norm"] = nn.GroupNorm(groups, widths[-1], eps=1e-6)
        layers["activation"] = nn.SiLU()
        return layers

    def _level(self, inputs: int, outputs: int, blocks: int) -> OrderedDict[str, nn.Module]:
        """Residual blocks of one resolution."""
        widths = pairwise([inputs, *[outputs] * blocks])
        return OrderedDict((f"block{i}", Block(a, b, self.groups)) for i, (a, b) in enumerate(widths))

    def _channels(self, shape: Shape, z_dim: int) -> int:
        """Channels of a map of `z_dim` numbers; 0 when there is none."""
        self.check(shape)
        channels, rest = divmod(z_dim, numel(self.code_map(shape, 1)))
        return 0 if rest else channels

    @property
    def _widths(self) -> tuple[int, ...]:
        return tuple(self.width * times for times in MULTIPLIERS[self.factor])

    @property
    def groups(self) -> int:
        """Groups of GroupNorm: 32 in wide networks, else 4 channels or more in each."""
        return gcd(gcd(GROUPS, max(self.width // 4, 1)), self.width)
