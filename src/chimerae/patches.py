"""Critics that judge patches of an image, each by itself.

Source: Isola et al. 2017 (pix2pix, arXiv 1611.07004), section 3.2.2 and appendix: C64-C128-C256-C512 for
patches of 70x70 pixels.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise
from typing import Final

from torch import Tensor, nn

from chimerae.shapes import Shape

HALVINGS: Final = 3
"""Most halvings: a logit then sees 70x70 pixels."""
SMALLEST: Final = 8
"""Shortest side, in pixels, that leaves more than one patch."""
WIDEST: Final = 8
"""Multiple of the width at which doubling stops."""
DEVIATION: Final = 0.02
"""Deviation of the first weights."""


class PatchCritic(nn.Sequential):
    """`x [B, C, H, W] -> logits [B, h, w]` (> 0 means real), one for each of overlapping patches.

    4x4 convolutions with LeakyReLU: halvings, then two of stride 1. BatchNorm follows all but the first and
    the last.
    """

    def __init__(self, shape: Shape, width: int) -> None:
        halvings = depth(shape)
        widths = [width * min(2**i, WIDEST) for i in range(halvings + 1)]
        layers: OrderedDict[str, nn.Module] = OrderedDict(first=_convolution(shape[0], width, 2))
        layers["activation"] = nn.LeakyReLU(0.2)
        for i, (inputs, outputs) in enumerate(pairwise(widths), start=1):
            stride = 2 if i < halvings else 1
            layers[f"convolution{i}"] = _convolution(inputs, outputs, stride, bias=False)
            layers[f"norm{i}"] = nn.BatchNorm2d(outputs)
            layers[f"activation{i}"] = nn.LeakyReLU(0.2)
        layers["last"] = _convolution(widths[-1], 1, 1)
        super().__init__(layers)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, DEVIATION)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1.0, DEVIATION)

    def forward(self, x: Tensor) -> Tensor:
        """Logits `[B, h, w]` of the patches of `x` `[B, C, H, W]`."""
        for layer in self:
            x = layer(x)
        return x.squeeze(1)


def depth(shape: Shape) -> int:
    """Halvings for images of `shape`: 3, or as many as leave 4 pixels.

    >>> depth((3, 64, 64)), depth((3, 32, 48)), depth((1, 8, 8))
    (3, 3, 1)
    """
    return min((min(shape[1:]) // 4).bit_length() - 1, HALVINGS)


def _convolution(inputs: int, outputs: int, stride: int, *, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 4, stride, 1, bias=bias)
