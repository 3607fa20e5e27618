"""The convolutional networks of the WAE paper's published code, for CelebA and for MNIST."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, final

from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import nn

from chimerae.config import STRICT
from chimerae.heads import OUTPUTS, Logit, Output, Pair, WithFeatures, code_critic
from chimerae.nets import Architecture
from chimerae.networks.sides import check_sides, images_only, next_multiple
from chimerae.shapes import Shape, numel

LARGE = 64
"""Shorter sides from here on get the CelebA networks, smaller ones the MNIST networks."""
STAGES = 4


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class WAE(Architecture):
    """Four strided convolutions with 1, 2, 4, 8 times `width` channels, and decoders that begin large.

    Sides of 64 and more: 5x5 kernels, a decoder that begins at an eighth of the side (CelebA's networks).
    Smaller ones: 4x4 kernels, a decoder that begins at a quarter (MNIST's). Convolutions have biases, also in
    front of BatchNorm; a decoder's first layer has no BatchNorm.
    """

    name: ClassVar[str] = "wae"

    width: int = Field(default=128, ge=1)
    """Channels of the first convolution; 128 in the paper."""
    critic_width: int = Field(default=512, ge=1)
    """Units per hidden layer of a critic of codes: 512 in the paper and the MNIST code, 1024 in the CelebA
    code.
    """

    def check(self, shape: Shape) -> None:
        """Raise `InputError` for a shape that these networks cannot be built for."""
        images_only(self.name, shape)
        check_sides(self.name, shape, self.nearest(shape), f"sides must be multiples of {_step(shape)}")

    def nearest(self, shape: Shape) -> Shape:
        """The valid shape nearest to `shape` that is not smaller."""
        return next_multiple(shape, _step)

    def trunk(self, shape: Shape, *, norm: bool = True) -> nn.Sequential:
        """The four strided convolutions, and `Flatten`."""
        self.check(shape)
        widths, kernel = [shape[0], *(self.width << i for i in range(STAGES))], _kernel(shape)
        downs = [_down(a, b, kernel, norm) for a, b in pairwise(widths)]
        return nn.Sequential(*downs, nn.Flatten())

    def decoder(self, z_dim: int, shape: Shape, *, output: Output = "tanh") -> nn.Module:
        """A network `z [B, z_dim] -> x [B, C, H, W]` that ends in `output`."""
        self.check(shape)
        step, kernel = _step(shape), _kernel(shape)
        bottom = (8 * self.width, shape[1] // step, shape[2] // step)
        halvings = step.bit_length() - 1
        widths = [8 * self.width >> i for i in range(halvings + 1)]
        ups = [_up(a, b, kernel) for a, b in pairwise(widths)]
        first = [nn.Linear(z_dim, numel(bottom)), nn.Unflatten(1, bottom), nn.ReLU()]
        return self.initialise(
            nn.Sequential(*first, *ups, *_last(widths[-1], shape[0], kernel), OUTPUTS[output]())
        )

    def pair_critic(self, shape: Shape, z_dim: int, *, norm: bool = True) -> nn.Module:
        """A network `x [B, C, H, W], z [B, z_dim] -> logit [B]`: the trunk, and the code beside its
        features.
        """
        self.check(shape)
        joint = code_critic(self.features(shape) + z_dim, self.critic_width, depth=2)
        return self.initialise(Pair(self.trunk(shape, norm=norm), nn.Identity(), joint))

    def feature_critic(self, shape: Shape) -> nn.Module:
        """A network `x -> (logit [B], features [B, c, h, w])`, the features being its third stage."""
        return self.initialise(WithFeatures(self.trunk(shape), STAGES - 1, Logit(self.features(shape))))

    @property
    def code_critic_width(self) -> int:
        """Units per hidden layer of a critic of codes: `critic_width`."""
        return self.critic_width

    def initialise(self, network: nn.Module) -> nn.Module:
        """Weights from N(0, 0.01), those of convolutions cut off at two deviations; biases 0."""
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.trunc_normal_(module.weight, 0.0, 0.01, -0.02, 0.02)
            elif isinstance(module, nn.ConvTranspose2d | nn.Linear):
                nn.init.normal_(module.weight, 0.0, 0.01)
            else:
                continue
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        return network


def _step(shape: Shape) -> int:
    """Factor by which an image is larger than the first map of its decoder."""
    return 8 if min(shape[1:]) >= LARGE else 4


def _kernel(shape: Shape) -> int:
    return 5 if _step(shape) == 8 else 4


def _down(inputs: int, outputs: int, kernel: int, norm: bool) -> nn.Sequential:
    """Strided convolution that halves a side, rounded up; BatchNorm, ReLU."""
    before, after = (kernel - 1) // 2, kernel // 2
    pad: list[nn.Module] = [nn.ZeroPad2d((before, after, before, after))] if before != after else []
    padding = before if before == after else 0
    layers = [*pad, nn.Conv2d(inputs, outputs, kernel, 2, padding)]
    return nn.Sequential(*layers, *([nn.BatchNorm2d(outputs)] if norm else []), nn.ReLU())


def _up(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """Transposed convolution that doubles a side; BatchNorm, ReLU."""
    odd = kernel % 2
    convolution = nn.ConvTranspose2d(inputs, outputs, kernel, 2, (kernel - 1) // 2, output_padding=odd)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def _last(inputs: int, outputs: int, kernel: int) -> list[nn.Module]:
    """Transposed convolution that keeps the side; an even kernel makes one line too many, which is cut."""
    cut: list[nn.Module] = [] if kernel % 2 else [nn.ZeroPad2d((0, -1, 0, -1))]
    return [nn.ConvTranspose2d(inputs, outputs, kernel, 1, (kernel - 1) // 2), *cut]
