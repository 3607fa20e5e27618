"""Layers of the style-based generator (Karras et al. 2020, arXiv 1912.04958, section 2 and figure 7)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from chimerae import noise
from chimerae.modes import Drawing
from chimerae.networks.equalised import Bent, Conv, Linear
from chimerae.networks.resampling import Doubled, Smooth

EPSILON: Final = 1e-8
"""Added to squares before a root is divided by."""


class Modulated(nn.Module):
    """A convolution whose weights each sample scales by a style of its own.

    Equation 1 multiplies the weights of input channel `i` by `s_i`, equation 3 divides those of output
    channel `j` by their norm `sqrt(sum_ik (s_i w_ijk)^2 + epsilon)`. Both are computed on the maps instead of
    the weights: the input times `s`, then one convolution for all samples, then its output over the norm.
    The result is the same, batches share the weights, and an exported graph has a free batch size.
    """

    def __init__(
        self, inputs: int, outputs: int, size: int, w_dim: int, *, demodulate: bool = True, up: bool = False
    ) -> None:
        """With `up`, sides are doubled: a transposed convolution of stride 2, and the filter."""
        super().__init__()
        self.style = Linear(w_dim, inputs, bias=1.0)
        self.conv = Conv(inputs, outputs, size, padding=size // 2, bias=False)
        self.smooth = Smooth(padding=1, gain=4.0) if up else None
        self.demodulate = demodulate

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Maps `[B, outputs, h', w']` of `x` `[B, inputs, h, w]` and `w` `[B, w_dim]`."""
        weight = self.conv.scaled()
        s = self.style(w).to(weight.dtype)
        y: Tensor = x * s[:, :, None, None].to(x.dtype)  # eq. 1
        if self.smooth is None:
            y = F.conv2d(y, weight, None, 1, self.conv.padding)
        else:
            y = self.smooth(F.conv_transpose2d(y, weight.transpose(0, 1), None, 2))
        if not self.demodulate:
            return y
        squares = s.square()[:, None] * weight.square().sum((2, 3))  # [B, outputs, inputs]
        d: Tensor = (squares.sum(2) + EPSILON).rsqrt()  # eq. 3
        return y * d[:, :, None, None].to(y.dtype)


class Noise(Drawing):
    """Adds to every channel the same noise, a number for each place, times a learned strength.

    The noise is drawn anew in training mode. In evaluation mode it is a constant of the network, so that
    equal codes give equal images. The strength is 0 at first.
    """

    fixed: Tensor

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("fixed", torch.randn(1, 1, height, width))

    def forward(self, x: Tensor) -> Tensor:
        """Maps of the shape of `x` `[B, C, height, width]`."""
        h, w = self.fixed.shape[2:]
        drawn = noise.normal(x.shape[0], h * w, like=x).view(-1, 1, h, w) if self.training else self.fixed
        return x + (self.strength * drawn).to(x.dtype)


class StyledConv(nn.Module):
    """A modulated 3x3 convolution, noise, bias and activation."""

    def __init__(
        self, inputs: int, outputs: int, w_dim: int, size: tuple[int, int], *, up: bool, noisy: bool
    ) -> None:
        """`size` is that of its output."""
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))
        self.modulated = Modulated(inputs, outputs, 3, w_dim, up=up)
        self.noise = Noise(*size) if noisy else nn.Identity()
        self.bent = Bent()

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Maps `[B, outputs, *size]` of `x` `[B, inputs, h, w]` and `w` `[B, w_dim]`."""
        y = self.noise(self.modulated(x, w))
        out: Tensor = self.bent(y + self.bias.to(y.dtype))
        return out


class ToImage(nn.Module):
    """The part of an image that one resolution adds: a modulated 1x1 convolution without demodulation."""

    def __init__(self, inputs: int, channels: int, w_dim: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))
        self.modulated = Modulated(inputs, channels, 1, w_dim, demodulate=False)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Images `[B, channels, h, w]` of `x` `[B, inputs, h, w]` and `w` `[B, w_dim]`."""
        y = self.modulated(x, w)
        out: Tensor = y + self.bias.to(y.dtype)
        return out


class Level(nn.Module):
    """One resolution of the generator: doubled maps, two layers, and what they add to the image."""

    def __init__(
        self, inputs: int, outputs: int, channels: int, w_dim: int, size: tuple[int, int], *, noisy: bool
    ) -> None:
        super().__init__()
        self.first = StyledConv(inputs, outputs, w_dim, size, up=True, noisy=noisy)
        self.second = StyledConv(outputs, outputs, w_dim, size, up=False, noisy=noisy)
        self.doubled = Doubled()
        self.to_image = ToImage(outputs, channels, w_dim)

    def forward(self, x: Tensor, image: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """Maps and image at twice the sides; `w` `[B, 3, w_dim]` has a style for each of its layers."""
        x = self.first(x, w[:, 0])
        x = self.second(x, w[:, 1])
        return x, self.doubled(image) + self.to_image(x, w[:, 2])
