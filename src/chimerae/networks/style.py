"""Generator and critic of StyleGAN2 (Karras et al. 2020, arXiv 1912.04958), written from its equations."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import ClassVar, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.heads import OUTPUTS, Logit, Output, Pair, StyledDecoder, WithFeatures
from chimerae.nets import Architecture
from chimerae.networks.deviation import BatchDeviation
from chimerae.networks.equalised import Bent, Conv, Linear, equalised
from chimerae.networks.modulated import EPSILON, Level, StyledConv, ToImage
from chimerae.networks.resampling import Smooth
from chimerae.networks.sides import check_sides, halvings, images_only, multiples_of, next_multiple
from chimerae.shapes import Shape

MAPPING_RATE = 0.01
"""Learning rate of the mapping network, as a share of that of other layers."""


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class Style(Architecture):
    """StyleGAN2: decoders whose convolutions are scaled by the code, residual critics; 32 to 1,024 px.

    Sides are halved down to 4 to 7 pixels and must be divisible as often by 2; they need not be equal.
    """

    name: ClassVar[str] = "style"

    width: int = Field(default=32, ge=1)
    """Channels at full resolution; they double at each halving, up to `widest`. The paper (configuration F):
    32 at 1,024 px, 128 at 256, 512 at 64 and below.
    """
    widest: int = Field(default=512, ge=1)
    """Most channels of a resolution; a larger `width` takes its place."""
    mapping_layers: int = Field(default=8, ge=1)
    """Layers of the mapping network, between the code and the styles."""
    normalise_codes: bool = False
    """Scale every code to a mean square of 1 first, as the paper does. Its length is lost then, which holds
    information where an encoder makes the codes.
    """
    noise: bool = True
    """Add noise after each convolution of decoders, with a learned strength that starts at 0: drawn in
    training, constant afterwards.
    """
    deviation_group: int = Field(default=0, ge=0)
    """Samples whose deviation critics see as one more channel; 0: those of the whole batch. The paper: 4."""

    def check(self, shape: Shape) -> None:
        """Raise `InputError` for a shape that these networks cannot be built for, naming the nearest valid
        one.
        """
        images_only(self.name, shape)
        multiples = multiples_of(halvings(shape))
        check_sides(self.name, shape, self.nearest(shape), multiples, word="larger")

    def nearest(self, shape: Shape) -> Shape:
        """The valid shape nearest to `shape` that is not smaller."""
        return next_multiple(shape, lambda near: 2 ** halvings(near))

    def trunk(self, shape: Shape, *, norm: bool = True) -> nn.Sequential:
        """The critic without its last layer and without the deviation of the batch, so that samples are
        independent with `norm` too. Its stages are the first layer, the halvings, the last convolution,
        `Flatten`, and a layer of as many features as the smallest map has channels.
        """
        return self._trunk(shape, deviation=False)

    def critic(self, shape: Shape, *, norm: bool = True) -> nn.Module:
        """A network `x -> logit [B]` (> 0 means real). With `norm` it sees the deviation of the batch;
        without, samples are independent.
        """
        trunk = self._trunk(shape, deviation=norm)
        return self.initialise_critic(self.with_head(trunk, Logit(self._channels(shape)[-1])))

    def feature_critic(self, shape: Shape) -> nn.Module:
        """A network `x -> (logit [B], features [B, c, h, w])`: the features are those of the last halving, so
        that samples do not see each other in them.
        """
        trunk, stage = self._trunk(shape, deviation=True), 1 + halvings(shape)
        return self.initialise(WithFeatures(trunk, stage, Logit(self._channels(shape)[-1])))

    def decoder(self, z_dim: int, shape: Shape, *, output: Output = "tanh") -> nn.Module:
        """A network `z [B, z_dim] -> x [B, C, H, W]` that ends in `output`: `mapping`, then `synthesis`."""
        self.check(shape)
        upwards = self._channels(shape)[::-1]
        mapping = Mapping(z_dim, upwards[0], self.mapping_layers, self.normalise_codes)
        bottom = (shape[1] >> halvings(shape), shape[2] >> halvings(shape))
        synthesis = Synthesis(upwards, shape[0], bottom, noisy=self.noise)
        return StyledDecoder(mapping, synthesis, OUTPUTS[output](), synthesis.styles)

    def pair_critic(self, shape: Shape, z_dim: int, *, norm: bool = True) -> nn.Module:
        """A network `x [B, C, H, W], z [B, z_dim] -> logit [B]`: codes join the image's features."""
        trunk, h = self._trunk(shape, deviation=norm), self._channels(shape)[-1]
        codes = nn.Sequential(nn.Linear(z_dim, h), Bent(), nn.Linear(h, h), Bent())
        joint = nn.Sequential(nn.Linear(2 * h, 2 * h), Bent(), Logit(2 * h))
        return self.initialise_critic(Pair(trunk, codes, joint))

    @property
    def code_critic_width(self) -> int:
        """Units per hidden layer of a critic of codes: 8 times `width`, at most `widest`."""
        return min(8 * self.width, max(self.widest, self.width))

    def initialise(self, network: nn.Module) -> nn.Module:
        """`network` with an equalised learning rate for its heads too."""
        return equalised(network)

    def _channels(self, shape: Shape) -> tuple[int, ...]:
        """Channels of each resolution, from the largest to the smallest."""
        most = max(self.widest, self.width)
        return tuple(min(self.width * 2**i, most) for i in range(halvings(shape) + 1))

    def _trunk(self, shape: Shape, *, deviation: bool) -> nn.Sequential:
        self.check(shape)
        channels, last = self._channels(shape), self._channels(shape)[-1]
        places = (shape[1] >> halvings(shape)) * (shape[2] >> halvings(shape))
        seen = [BatchDeviation(self.deviation_group)] if deviation else []
        return nn.Sequential(
            nn.Sequential(Conv(shape[0], channels[0], 1), Bent()),
            *(Halving(inputs, outputs) for inputs, outputs in pairwise(channels)),
            nn.Sequential(*seen, Conv(last + len(seen), last, 3, padding=1), Bent()),
            nn.Flatten(),
            nn.Sequential(Linear(last * places, last), Bent()),
        )


class Mapping(nn.Module):
    """`z [B, z_dim] -> w [B, w_dim]`: the code, bent so that its dimensions can be independent."""

    def __init__(self, z_dim: int, w_dim: int, layers: int, normalise: bool) -> None:
        super().__init__()
        widths = pairwise([z_dim, *[w_dim] * layers])
        stages = (nn.Sequential(Linear(a, b, rate=MAPPING_RATE), Bent()) for a, b in widths)
        self.layers, self.normalise = nn.Sequential(*stages), normalise

    def forward(self, z: Tensor) -> Tensor:
        """The style of each sample."""
        if self.normalise:
            z = z * (z.square().mean(1, keepdim=True) + EPSILON).rsqrt()
        w: Tensor = self.layers(z)
        return w


class Synthesis(nn.Module):
    """`w [B, w_dim]` or `w [B, styles, w_dim] -> image`: a learned constant, enlarged level by level.

    Every level adds its part to the image (figure 7b of the paper). A level's contribution to the image has
    the style of the next level's first layer.
    """

    def __init__(
        self, channels: tuple[int, ...], colours: int, size: tuple[int, int], *, noisy: bool
    ) -> None:
        """`channels`: of each resolution, smallest first; `size`: sides of the smallest map."""
        super().__init__()
        w_dim = channels[0]
        self.constant = nn.Parameter(torch.randn(1, channels[0], *size))
        self.first = StyledConv(channels[0], channels[0], w_dim, size, up=False, noisy=noisy)
        self.to_image = ToImage(channels[0], colours, w_dim)
        sizes = [(size[0] << i, size[1] << i) for i in range(1, len(channels))]
        self.levels = nn.ModuleList(
            Level(a, b, colours, w_dim, at, noisy=noisy)
            for (a, b), at in zip(pairwise(channels), sizes, strict=True)
        )
        self.styles = 2 * len(channels)
        """Styles that it takes: one for each convolution, and one for the image."""

    def forward(self, w: Tensor) -> Tensor:
        """Images `[B, colours, H, W]`."""
        if w.dim() == 2:
            w = w[:, None].expand(-1, self.styles, -1)
        x = self.first(self.constant.expand(w.shape[0], -1, -1, -1), w[:, 0])
        image = self.to_image(x, w[:, 1])
        for i, level in enumerate(self.levels):
            x, image = level(x, image, w[:, 2 * i + 1 : 2 * i + 4])
        made: Tensor = image
        return made


class Halving(nn.Module):
    """A residual block of the critic that halves sides (figure 7c): two 3x3 convolutions, the second after
    the filter and with stride 2, beside a filtered 1x1 convolution.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            Conv(inputs, inputs, 3, padding=1),
            Bent(),
            Smooth(padding=2),
            Conv(inputs, outputs, 3, stride=2),
            Bent(),
        )
        self.shortcut = nn.Sequential(Smooth(padding=1, stride=2), Conv(inputs, outputs, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """Maps `[B, outputs, h/2, w/2]` of `x` `[B, inputs, h, w]`; the sum keeps the mean square."""
        out: Tensor = (self.body(x) + self.shortcut(x)) * sqrt(0.5)
        return out
