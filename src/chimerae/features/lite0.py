"""EfficientNet-Lite0: a small network of depthwise convolutions for images of 1,000 classes.

Source: Tan and Le 2019 (arXiv 1905.11946), table 1, with the changes that its authors announced as "Lite" in
2020: ReLU6 in place of Swish, no squeeze and excitation, stem and head of fixed width.
"""

from __future__ import annotations

from typing import Final, final

from torch import Tensor, nn
from torch.nn import functional as F

STAGES: Final = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
"""Expansion, kernel, stride of the first block, channels and number of blocks of each stage."""
STEM: Final = 32
FEATURES: Final = 1280
CLASSES: Final = 1000
EPSILON: Final = 1e-3
"""Epsilon of BatchNorm."""


@final
class Same(nn.Conv2d):
    """A convolution with "same" padding: `ceil(side / stride)` pixels come out, and an odd row or column of
    zeros is added below or to the right.
    """

    def forward(self, x: Tensor) -> Tensor:
        """`[B, channels, ceil(H / stride), ceil(W / stride)]`."""
        down, right = self._missing(int(x.shape[2]), 0), self._missing(int(x.shape[3]), 1)
        before = down // 2, right // 2
        if down % 2 or right % 2:
            x = F.pad(x, (0, right % 2, 0, down % 2))
        return F.conv2d(x, self.weight, self.bias, self.stride, before, self.dilation, self.groups)

    def _missing(self, side: int, axis: int) -> int:
        stride, kernel = self.stride[axis], self.kernel_size[axis]
        return max((-(-side // stride) - 1) * stride + kernel - side, 0)


@final
class Block(nn.Sequential):
    """Expand channels, filter each by itself, project; added to its input where the shapes agree."""

    def __init__(self, channels: int, width: int, kernel: int, stride: int, expansion: int) -> None:
        inner = expansion * channels
        super().__init__(
            *(_unit(channels, inner) if expansion > 1 else ()),
            *_unit(inner, inner, kernel, stride, groups=inner),
            *_unit(inner, width)[:-1],
        )
        self.adds = stride == 1 and channels == width

    def forward(self, x: Tensor) -> Tensor:
        """`[B, width, ceil(H / stride), ceil(W / stride)]`."""
        y = x
        for layer in self:
            y = layer(y)
        return x + y if self.adds else y


def _unit(
    channels: int, width: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> tuple[nn.Module, ...]:
    return (
        Same(channels, width, kernel, stride, groups=groups, bias=False),
        nn.BatchNorm2d(width, eps=EPSILON),
        nn.ReLU6(inplace=True),
    )


def lite0() -> nn.Sequential:
    """The network, from images `[B, 3, H, W]`, `(levels - 127) / 128`, to logits `[B, 1000]`.

    Its last layer is linear; the layers before it give the 1,280 pooled features.
    """
    layers, channels = [*_unit(3, STEM, 3, 2)], STEM
    for expansion, kernel, stride, width, blocks in STAGES:
        for i in range(blocks):
            layers.append(Block(channels, width, kernel, stride if i == 0 else 1, expansion))
            channels = width
    layers += [
        *_unit(channels, FEATURES),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(FEATURES, CLASSES),
    ]
    return nn.Sequential(*layers)
