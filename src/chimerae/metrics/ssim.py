"""Structural similarity of images (Wang, Bovik, Sheikh, Simoncelli 2004), one value per image."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from chimerae.errors import InputError

WINDOW: Final = 11
SIGMA: Final = 1.5
K1: Final = 0.01
K2: Final = 0.03
SMALLEST: Final = 3
"""Sides below this have no structure to compare."""
CHUNK: Final = 2**20
"""Values of `x` worked on at a time: bounds memory, and fits caches."""


def window_size(height: int, width: int) -> int:
    """Side of the Gaussian window: 11, or the largest odd number that fits into a smaller image.

    >>> window_size(64, 64), window_size(8, 32)
    (11, 7)
    """
    side = min(height, width)
    return min(WINDOW, side - 1 + side % 2)


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """SSIM of images `[B, C, H, W]` in [0, 1]: `[B]` in [-1, 1], float64; 1 for identical images.

    Gaussian window 11x11 of deviation 1.5 (on small images the side shrinks to `window_size`, the deviation
    stays), K1 = .01, K2 = .03, data range 1, population covariances. Every channel on its own; mean over
    channels and over positions where the whole window lies inside the image, as in the paper.

    Raises:
        InputError: images have a side below 3 px.

    >>> ssim(torch.zeros(1, 1, 12, 12), torch.zeros(1, 1, 12, 12))
    tensor([1.], dtype=torch.float64)
    """
    height, width = x.shape[-2:]
    if min(height, width) < SMALLEST:
        raise InputError(f"images of {height}x{width} are too small for SSIM; it needs {SMALLEST} px or more")
    side = window_size(height, width)
    rows, columns = (sliding(side, n).to(x.device) for n in (height, width))
    k = max(1, CHUNK // x[0].numel())
    chunks = range(0, len(x), k)
    return torch.cat([_mean_map(x[i : i + k], y[i : i + k], rows, columns) for i in chunks])


def terms(x: Tensor, y: Tensor, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """Maps of the luminance term and of the contrast and structure term, `[B, C, h, w]`, float64.

    `x` and `y` are `[B, C, H, W]` in [0, 1], `rows` `[h, H]` and `columns` `[w, W]` matrices of `sliding`;
    SSIM is the product of the two.
    """
    x, y = x.double(), y.double()
    maps = torch.stack([x, y, x * x, y * y, x * y])
    mx, my, xx, yy, xy = rows @ maps @ columns.T
    c1, c2 = K1**2, K2**2
    luminance = (2 * mx * my + c1) / (mx * mx + my * my + c1)
    structure = (2 * (xy - mx * my) + c2) / (xx - mx * mx + yy - my * my + c2)
    return luminance, structure


def _mean_map(x: Tensor, y: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    luminance, structure = terms(x, y, rows, columns)
    similarity: Tensor = luminance * structure
    return similarity.flatten(1).mean(1)


def sliding(side: int, n: int) -> Tensor:
    """Matrix `[n - side + 1, n]` that takes Gaussian means of `side` neighbours, everywhere they fit."""
    offsets = torch.arange(side, dtype=torch.float64) - (side - 1) / 2
    weights = torch.exp(-0.5 * (offsets / SIGMA).square())
    matrix = torch.zeros(n - side + 1, n, dtype=torch.float64)
    for k, weight in enumerate(weights / weights.sum()):
        matrix.diagonal(k).fill_(weight)
    return matrix
