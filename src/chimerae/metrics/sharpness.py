"""Sharpness of images: the variance of their Laplacian.

Source: Tolstikhin et al. 2018 (Wasserstein auto-encoders, arXiv 1711.01558), section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor

from chimerae.metrics.mean import Mean

SMALLEST: Final = 4
"""Sides below this leave no room for a variance."""
GREY: Final = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in a grey image (ITU-R BT.601)."""


@dataclass
class Sharpness:
    """Running mean of `sharpness` over images."""

    mean: Mean = field(default_factory=Mean)

    def add(self, images: Tensor) -> None:
        """Take in images `[B, C, H, W]` in [0, 1]."""
        self.mean.add(sharpness(images))


def sharpness(images: Tensor) -> Tensor:
    """Variance over an image of the Laplacian (0 1 0 / 1 -4 1 / 0 1 0, where it fits) of its grey version.

    `images` `[B, C, H, W]` in [0, 1], C 1 or 3, sides of 3 or more: `[B]`, float64. Blur makes it smaller,
    noise larger.

    >>> dot = torch.zeros(1, 1, 5, 5)
    >>> dot[0, 0, 2, 2] = 1.0
    >>> round(float(sharpness(dot)), 4)
    2.2222
    """
    x = grey(images)
    middle = x[:, 1:-1, 1:-1]
    around = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:]
    return (around - 4 * middle).flatten(1).var(1, unbiased=False)


def grey(images: Tensor) -> Tensor:
    """The grey version `[B, H, W]`, float64, of images `[B, C, H, W]`; the mean channel if C is not 3."""
    if images.shape[1] != len(GREY):
        return images.double().mean(1)
    shares = torch.tensor(GREY, dtype=torch.float64, device=images.device)
    return (images.double() * shares[:, None, None]).sum(1)
