"""Bilinear upsampling and a convolution in one pass."""

from __future__ import annotations

import torch
from torch import Tensor

from chimerae.networks.cropped import ConvTranspose2d

HAT = (0.5, 1.0, 0.5)
"""Taps that interpolate linearly between neighbours two pixels apart."""


class UpsampledConv2d(ConvTranspose2d):
    """Doubles the sides of a map by bilinear interpolation, then applies a 3x3 convolution.

    Both together are one transposed 5x5 convolution of stride 2, whose kernel is the 3x3 weights convolved
    with the hat function. They are computed so, with a quarter of the operations of the convolution of the
    larger map. A free transposed kernel draws checkerboards, because the four pixels that a value spreads to
    have different taps (Odena et al. 2016, Deconvolution and Checkerboard Artifacts). Beyond its border the
    map is zero.
    """

    def __init__(self, inputs: int, outputs: int, *, bias: bool = True) -> None:
        super().__init__(inputs, outputs, 3, 2, 2, output_padding=1, bias=bias)

    def kernel(self) -> Tensor:
        """The equivalent transposed kernel `[inputs, outputs, 5, 5]`."""
        hat = self.weight.new_tensor(HAT)
        along = torch.stack([torch.cat([hat.new_zeros(i), hat, hat.new_zeros(2 - i)]) for i in range(3)])
        spread = torch.kron(along, along)  # [9, 25]
        kernel: Tensor = (self.weight.flatten(2) @ spread).unflatten(2, (5, 5))
        return kernel
