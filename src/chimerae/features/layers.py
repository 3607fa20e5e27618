"""Perceptual distances as networks: features of several layers whose squared distance is the distance.

Source: Zhang et al. 2018 (arXiv 1801.03924), equation 1. One module serves metrics and losses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

from chimerae.features.extractor import colours

TINY: Final = 1e-10
"""Added to lengths before a division by them."""


class Layers(nn.Module):
    """Images `[B, 1 or 3, H, W]` in [-1, 1] to features `[B, d]` of several layers, at the size they have.

    Equation 1 is a mean over places and a sum over layers and channels of weights (none is negative) times
    squared differences of normalised features; here the roots of the weights are part of the features. A
    gradient reaches the images.
    """

    def __init__(
        self,
        stages: Sequence[nn.Module],
        heads: Sequence[Tensor],
        shift: Sequence[float],
        scale: Sequence[float],
    ) -> None:
        """`stages` follow each other, and each ends at a layer; `heads` are the weights `[C]` of its
        channels. Images are shifted and scaled, by colour, to the form that the network expects.
        """
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.layers = len(heads)
        for i, head in enumerate(heads):
            self.register_buffer(f"head{i}", head[:, None, None].clone())
        self.register_buffer("shift", torch.tensor(shift)[:, None, None])
        self.register_buffer("scale", torch.tensor(scale)[:, None, None])
        self.eval().requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        """Features of `images`."""
        x = (colours(images) - self.get_buffer("shift")) / self.get_buffer("scale")
        found = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            root = (self.get_buffer(f"head{i}") / x[0, 0].numel()).sqrt()
            found.append((root * normalised(x)).flatten(1))
        return torch.cat(found, 1)


def normalised(x: Tensor) -> Tensor:
    """`x` `[B, C, h, w]` with channels of length 1 at every place; zeros stay zeros, without a slope.

    >>> normalised(torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)).flatten()
    tensor([0.6000, 0.8000])
    """
    squared = x.square().sum(1, keepdim=True)
    there = squared > TINY**2  # at 0 the slope of a root is infinite, and that of x / TINY all but
    length = torch.where(there, squared, 1.0).sqrt()
    return torch.where(there, x / (length + TINY), 0.0)
