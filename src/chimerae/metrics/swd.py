"""Sliced Wasserstein distance of patches, level by level of a Laplacian pyramid.

Source: Karras et al. 2018 (progressive growing of GANs, arXiv 1710.10196), section 5. It works without a
trained network or labels: a first look at realism that is always available.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Final

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from chimerae.errors import InputError

PATCH: Final = 7
"""Side of a patch in pixels."""
COARSEST: Final = 16
"""The pyramid is not halved below this side."""
PER_IMAGE: Final = 16
"""Patches of an image on each level; the source takes 128."""
IMAGES: Final = 8192
"""Most images in use; further ones are left out. The source takes 16,384."""
DIRECTIONS: Final = 128
"""Random directions; the source takes 512."""
SCALE: Final = 1000.0
"""Factor of the values, as in the source's tables."""


@dataclass
class Patches:
    """Patches of images, `[n, C * 49]` per level from fine to coarse."""

    images: int = 0
    levels: list[list[Tensor]] = field(default_factory=list)

    def add(self, images: Tensor) -> None:
        """Take in images `[B, C, H, W]` in [0, 1], as many as there is room for."""
        images = images[: IMAGES - self.images].float().cpu()
        if not len(images):
            return
        for level, band in enumerate(pyramid(images)):
            if level == len(self.levels):
                self.levels.append([])
            places = _places(level)[self.images : self.images + len(images)]
            self.levels[level].append(cut(band, places))
        self.images += len(images)

    def descriptors(self, level: int) -> Tensor:
        """All patches of a level, `[n, C * 49]`, every channel at mean 0 and deviation 1 over all of them."""
        rows = torch.cat(self.levels[level])
        channels = rows.view(len(rows), -1, PATCH * PATCH)
        mean, deviation = channels.mean((0, 2), keepdim=True), channels.std((0, 2), keepdim=True)
        return ((channels - mean) / deviation.clamp(min=1e-8)).flatten(1)


def swd(real: Patches, made: Patches) -> float:
    """Mean over levels of the sliced Wasserstein distance of two sets of patches, times 1000.

    Raises:
        InputError: images are smaller than a patch.
    """
    if not real.levels:
        raise InputError(f"images smaller than {PATCH}x{PATCH} have no patches")
    values = [
        sliced(real.descriptors(level), made.descriptors(level), level) for level in range(len(real.levels))
    ]
    return SCALE * sum(values) / len(values)


def sliced(a: Tensor, b: Tensor, seed: int) -> float:
    """Mean over random directions of the 1-Wasserstein distance of the projections of `a` `[n, d]` and `b`
    `[m, d]`; if the sizes differ, the larger set is thinned evenly.

    >>> sliced(torch.zeros(8, 1), torch.ones(4, 1), 0)
    1.0
    """
    n = min(len(a), len(b))
    a, b = (x[torch.arange(n) * len(x) // n] for x in (a, b))
    directions = torch.randn(a.shape[1], DIRECTIONS, generator=Generator().manual_seed(seed))
    directions = directions / directions.norm(dim=0)
    total = 0.0
    for some in directions.split(16, dim=1):
        total += float(((a @ some).sort(0).values - (b @ some).sort(0).values).abs().mean(0).sum())
    return total / DIRECTIONS


def pyramid(images: Tensor) -> list[Tensor]:
    """Bands of images `[B, C, H, W]` from fine to coarse; the last is the remainder.

    Sides are halved as long as they are even and the smaller half is at least 16; images with a side below
    7 have no bands.
    """
    if min(images.shape[2:]) < PATCH:
        return []
    bands = []
    while min(images.shape[2:]) >= 2 * COARSEST and not (images.shape[2] % 2 or images.shape[3] % 2):
        smaller = _blurred(images)[:, :, ::2, ::2]
        bands.append(images - _enlarged(smaller))
        images = smaller
    return [*bands, images]


def cut(band: Tensor, places: Tensor) -> Tensor:
    """Patches `[B * k, C * 49]` of `band` `[B, C, H, W]`; `places` `[B, k, 2]` in [0, 1) put each between
    its first and its last possible place.
    """
    height, width = band.shape[2:]
    windows = band.unfold(2, PATCH, 1).unfold(3, PATCH, 1)  # [B, C, H - 6, W - 6, 7, 7]
    top = (places[..., 0] * (height - PATCH + 1)).long()
    left = (places[..., 1] * (width - PATCH + 1)).long()
    which = torch.arange(len(band))[:, None].expand_as(top)
    patches: Tensor = windows[which, :, top, left]  # [B, k, C, 7, 7]
    return patches.flatten(0, 1).flatten(1)


def _blurred(images: Tensor) -> Tensor:
    """Convolution with the binomial filter 1 4 6 4 1 in both directions, mirrored at the borders."""
    row = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    kernel = (row[:, None] * row).expand(images.shape[1], 1, 5, 5)
    return F.conv2d(F.pad(images, (2, 2, 2, 2), mode="reflect"), kernel, groups=images.shape[1])


def _enlarged(images: Tensor) -> Tensor:
    """Twice the size: zeros between pixels, then the same filter, four times as strong."""
    b, c, h, w = images.shape
    larger = images.new_zeros(b, c, 2 * h, 2 * w)
    larger[:, :, ::2, ::2] = images
    return 4 * _blurred(larger)


@cache
def _places(level: int) -> Tensor:
    """Places of the patches of each image, `[IMAGES, PER_IMAGE, 2]`: the same for data and samples."""
    return torch.rand(IMAGES, PER_IMAGE, 2, generator=Generator().manual_seed(level))
