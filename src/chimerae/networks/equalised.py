"""Layers whose weights are scaled when they are used, so that all of them learn at the same rate.

Source: Karras et al. 2018 (arXiv 1710.10196), section 4.1. Weights are drawn from N(0, 1) and divided by the
square root of the number of inputs in every pass. An optimiser that moves each number by about its rate, such
as Adam, then changes all layers by the same share.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE: Final = 0.2
"""Negative slope of the activation."""


class Bent(nn.Module):
    """LeakyReLU times the square root of 2, which keeps the mean square of a signal (He et al. 2015)."""

    def forward(self, x: Tensor) -> Tensor:
        """Values of the shape of `x`."""
        return F.leaky_relu(x, SLOPE) * sqrt(2)


class Linear(nn.Module):
    """`x [B, inputs] -> [B, outputs]` with weights and bias at an equalised learning rate."""

    def __init__(self, inputs: int, outputs: int, *, bias: float | None = 0.0, rate: float = 1.0) -> None:
        """`bias` is its first value, None for none; the layer learns `rate` times as fast as others."""
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = None if bias is None else nn.Parameter(torch.full((outputs,), bias / rate))
        self.gain, self.rate = rate / sqrt(inputs), rate

    def forward(self, x: Tensor) -> Tensor:
        """The product with the scaled weights, plus the bias."""
        bias = None if self.bias is None else self.bias * self.rate
        return F.linear(x, self.weight * self.gain, bias)


class Conv(nn.Module):
    """A convolution `[B, inputs, h, w] -> [B, outputs, ...]` at an equalised learning rate."""

    def __init__(
        self, inputs: int, outputs: int, size: int, *, stride: int = 1, padding: int = 0, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.stride, self.padding, self.gain = stride, padding, 1.0 / sqrt(inputs * size * size)

    def scaled(self) -> Tensor:
        """The weights `[outputs, inputs, size, size]` as they are used."""
        return self.weight * self.gain

    def forward(self, x: Tensor) -> Tensor:
        """The convolution with the scaled weights, plus the bias."""
        return F.conv2d(x, self.scaled(), self.bias, self.stride, self.padding)


def equalised(network: nn.Module) -> nn.Module:
    """`network` with each `nn.Linear` inside it replaced by a `Linear`; the names of its parameters stay.

    >>> type(equalised(nn.Sequential(nn.Linear(2, 3)))[0]).__module__
    'chimerae.networks.equalised'
    """
    for name, child in network.named_children():
        if isinstance(child, nn.Linear):
            bias = None if child.bias is None else 0.0
            setattr(network, name, Linear(child.in_features, child.out_features, bias=bias))
        else:
            equalised(child)
    return network
