"""The convolutional networks of the AVAE paper (figure 5, completed from its published settings)."""

from __future__ import annotations

from math import sqrt
from typing import ClassVar, Literal, final

from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import nn

from chimerae.config import STRICT
from chimerae.errors import InputError
from chimerae.heads import OUTPUTS, Logit, Output, Pair, WithFeatures
from chimerae.nets import Architecture
from chimerae.networks.cropped import Conv2d, ConvTranspose2d
from chimerae.networks.sides import images_only, next_multiple
from chimerae.networks.upsampled import UpsampledConv2d
from chimerae.shapes import Shape, numel

BATCHNORM_EPS = 1e-3
LARGE = 64
"""Shorter sides from here on are halved four times, smaller ones three times."""


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class DCGAN(Architecture):
    """Four 5x5 convolutions with 1, 2, 4, 8 times `width` channels, BatchNorm, and their mirror as decoder.

    Sides of 64 and more are halved four times and must be multiples of 16; smaller ones are halved three
    times (the third convolution keeps the size) and must be multiples of 8. Sides need not be equal.
    """

    name: ClassVar[str] = "dcgan"

    width: int = Field(default=64, ge=1)
    """Channels of the first convolution (`w`); the AVAE paper uses 128."""
    critic_start: Literal["narrow", "kaiming"] = "narrow"
    """First weights of critics where no BatchNorm follows: N(0, 0.02), as everywhere (DCGAN), or wide enough
    to keep a signal's size through every layer (He et al. 2015). A narrow start needs wide layers: each one
    of 128 units makes a signal six times smaller, and codes pass through six in a critic of pairs.
    """
    upsampling: Literal["transposed", "bilinear"] = "transposed"
    """Layers that double a side in decoders: a transposed 5x5 convolution (DCGAN), or bilinear interpolation
    and a 3x3 convolution, which draws no checkerboard and takes the same time.
    """

    def check(self, shape: Shape) -> None:
        """Raise `InputError` for a shape that these networks cannot be built for, naming the nearest valid
        ones.
        """
        images_only(self.name, shape)
        if self.nearest(shape) == shape:
            return
        channels, height, width = shape
        step = _reduction(height, width)
        smaller = (channels, max(height // step, 1) * step, max(width // step, 1) * step)
        sizes = sorted({smaller[1:], self.nearest(shape)[1:]})
        near = " or ".join(f"{h}x{w}" for h, w in sizes)
        raise InputError(
            f"dcgan cannot be built for {height}x{width} images: sides must be multiples of {step}; "
            f"the nearest valid size is {near} (--prepare.size {sizes[-1][0]} {sizes[-1][1]})"
        )

    def nearest(self, shape: Shape) -> Shape:
        """The valid shape nearest to `shape` that is not smaller."""
        return next_multiple(shape, lambda near: _reduction(*near[1:]))

    def trunk(self, shape: Shape, *, norm: bool = True) -> nn.Sequential:
        """The four convolutions, and `Flatten`; the first has no BatchNorm."""
        self.check(shape)
        w = self.width
        return nn.Sequential(
            nn.Sequential(Conv2d(shape[0], w, 5, 2, 2), nn.LeakyReLU(0.2)),
            _down(w, 2 * w, 2, norm),
            _down(2 * w, 4 * w, _third_stride(shape), norm),
            _down(4 * w, 8 * w, 2, norm),
            nn.Flatten(),
        )

    def decoder(self, z_dim: int, shape: Shape, *, output: Output = "tanh") -> nn.Module:
        """A network `z [B, z_dim] -> x [B, C, H, W]` that ends in `output`."""
        self.check(shape)
        channels, height, width = shape
        w, step = self.width, _reduction(height, width)
        bottom = (8 * w, height // step, width // step)
        return self.initialise(
            nn.Sequential(
                nn.Linear(z_dim, numel(bottom), bias=False),
                nn.Unflatten(1, bottom),
                nn.BatchNorm2d(8 * w, eps=BATCHNORM_EPS),
                nn.ReLU(),
                self._up(8 * w, 4 * w, 2),
                self._up(4 * w, 2 * w, _third_stride(shape)),
                self._up(2 * w, w, 2),
                self._enlarge(w, channels, 2, bias=True),
                OUTPUTS[output](),
            )
        )

    def pair_critic(self, shape: Shape, z_dim: int, *, norm: bool = True) -> nn.Module:
        """A network `x [B, C, H, W], z [B, z_dim] -> logit [B]`, as in the AVAE paper's BiGAN baseline."""
        w = self.width
        images = nn.Sequential(self.trunk(shape, norm=norm), nn.Linear(self.features(shape), 8 * w))
        codes = nn.Sequential(_wide(z_dim, 8 * w), _wide(8 * w, 8 * w), nn.Linear(8 * w, 8 * w))
        joint = nn.Sequential(_wide(16 * w, 16 * w), _wide(16 * w, 16 * w), Logit(16 * w))
        return self.initialise_critic(Pair(images, codes, joint))

    @property
    def code_critic_width(self) -> int:
        """Units per hidden layer of a critic of codes: 8 times `width`."""
        return 8 * self.width

    def feature_critic(self, shape: Shape) -> nn.Module:
        """A network `x -> (logit [B], features [B, c, h, w])`, as the AVAE paper's VAE/GAN baseline uses it.

        The features are the third stage's divided by sqrt(2) where sides are halved four times, else the
        fourth's.
        """
        trunk, large = self.trunk(shape), _third_stride(shape) == 2
        stage, gain = (3, 1 / sqrt(2)) if large else (4, 1.0)
        return self.initialise(WithFeatures(trunk, stage, Logit(self.features(shape)), gain))

    def initialise(self, network: nn.Module) -> nn.Module:
        """Weights from N(0, 0.02), BatchNorm gains from N(1, 0.02), biases 0."""
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                nn.init.normal_(module.weight, 0.0, 0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1.0, 0.02)
        return network

    def initialise_critic(self, network: nn.Module) -> nn.Module:
        """As `initialise`; wider weights where no BatchNorm follows if `critic_start` is kaiming."""
        self.initialise(network)
        if self.critic_start == "kaiming":
            for module in network.modules():
                if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
                    nn.init.kaiming_normal_(module.weight, 0.2)
        return network

    def _enlarge(self, inputs: int, outputs: int, stride: int, *, bias: bool) -> nn.Module:
        """A layer that makes sides `stride` times as long."""
        if self.upsampling == "bilinear" and stride == 2:
            return UpsampledConv2d(inputs, outputs, bias=bias)
        return ConvTranspose2d(inputs, outputs, 5, stride, 2, output_padding=stride - 1, bias=bias)

    def _up(self, inputs: int, outputs: int, stride: int) -> nn.Sequential:
        """An enlarging layer without bias, BatchNorm, ReLU."""
        return nn.Sequential(
            self._enlarge(inputs, outputs, stride, bias=False),
            nn.BatchNorm2d(outputs, eps=BATCHNORM_EPS),
            nn.ReLU(),
        )


def _reduction(height: int, width: int) -> int:
    """Factor by which the bottleneck is smaller than the image."""
    return 16 if min(height, width) >= LARGE else 8


def _third_stride(shape: Shape) -> int:
    return _reduction(*shape[1:]) // 8


def _down(inputs: int, outputs: int, stride: int, norm: bool) -> nn.Sequential:
    """5x5 convolution without bias, BatchNorm, LeakyReLU (with a bias instead of BatchNorm when `norm` is
    off).
    """
    layers: list[nn.Module] = [Conv2d(inputs, outputs, 5, stride, 2, bias=not norm)]
    layers += [nn.BatchNorm2d(outputs, eps=BATCHNORM_EPS)] if norm else []
    return nn.Sequential(*layers, nn.LeakyReLU(0.2))


def _wide(inputs: int, outputs: int) -> nn.Sequential:
    """Fully connected layer, LeakyReLU."""
    return nn.Sequential(nn.Linear(inputs, outputs), nn.LeakyReLU(0.2))
