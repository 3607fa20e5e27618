"""Low-pass filters that go with a change of resolution.

Source: Karras et al. 2020 (arXiv 1912.04958), after Zhang 2019 (arXiv 1904.11486): the separable filter
[1, 3, 3, 1], normalised to sum 1. Beyond its border a map is zero.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TAPS: Final = (1.0, 3.0, 3.0, 1.0)
"""The filter along one axis, before it is normalised."""


class Smooth(nn.Module):
    """Filters every channel, times `gain`; keeps every `stride`-th value.

    Padding of 2 gives one value more along each axis than it gets, padding of 1 one value less.
    """

    taps: Tensor

    def __init__(self, *, padding: int, stride: int = 1, gain: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("taps", _taps(gain), persistent=False)
        self.padding, self.stride = padding, stride

    def forward(self, x: Tensor) -> Tensor:
        """Maps `[B, C, h', w']` of `x` `[B, C, h, w]`."""
        channels = x.shape[1]
        taps = self.taps.expand(channels, 1, 4, 4)
        return F.conv2d(x, taps, None, self.stride, self.padding, groups=channels)


class Doubled(nn.Module):
    """Doubles the sides of every channel: zeros between the values, then the filter times 4."""

    taps: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("taps", _taps(4.0), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps `[B, C, 2h, 2w]` of `x` `[B, C, h, w]`."""
        channels = x.shape[1]
        taps = self.taps.expand(channels, 1, 4, 4)
        return F.conv_transpose2d(x, taps, None, 2, 1, groups=channels)


def _taps(gain: float) -> Tensor:
    along = torch.tensor(TAPS) / sum(TAPS)
    return gain * torch.outer(along, along)[None, None]
