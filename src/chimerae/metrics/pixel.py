"""Distances between an original and its reconstruction, one value per sample.

Images are `[B, C, H, W]` in [0, 1], points `[B, d]` as they are. The name of a function gives the range in
which it computes: the same pair of images has an MSE four times larger in [-1, 1] than in [0, 1].
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

PSNR_CAP: Final = 100.0
"""Decibels of a reconstruction without any error, whose PSNR would be infinite (an RMSE of 1e-5)."""


def mse_points(x: Tensor, y: Tensor) -> Tensor:
    """Squared error, mean over the values of a sample, in the range of the input: `[B]`, float64.

    >>> mse_points(torch.tensor([[0.0, 2.0]]), torch.tensor([[0.0, 0.0]]))
    tensor([2.], dtype=torch.float64)
    """
    return (x.double() - y.double()).square().flatten(1).mean(1)


def mse_unit(x: Tensor, y: Tensor) -> Tensor:
    """MSE of images in [0, 1], mean over pixels and channels: `[B]` in [0, 1].

    >>> mse_unit(torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2))
    tensor([1.], dtype=torch.float64)
    """
    return mse_points(x, y)


def mse_signed(x: Tensor, y: Tensor) -> Tensor:
    """MSE of images mapped to [-1, 1]: `[B]` in [0, 4]; the AVAE paper's (arXiv 2012.11551, table 1).

    >>> mse_signed(torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2))
    tensor([4.], dtype=torch.float64)
    """
    return 4.0 * mse_unit(x, y)


def rmse_255(x: Tensor, y: Tensor) -> Tensor:
    """Root of the MSE in grey levels 0 to 255, of each image: `[B]` in [0, 255].

    Its mean over images is not the root of the mean MSE: roots come first.

    >>> rmse_255(torch.full((1, 1, 2, 2), 10 / 255), torch.full((1, 1, 2, 2), 20 / 255)).round(decimals=4)
    tensor([10.], dtype=torch.float64)
    """
    return 255.0 * mse_unit(x, y).sqrt()


def psnr(x: Tensor, y: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image, `10 log10(1 / mse_unit)`: `[B]` in dB, at most `PSNR_CAP`.

    >>> psnr(torch.full((1, 1, 2, 2), 0.1), torch.zeros(1, 1, 2, 2)).round(decimals=4)
    tensor([20.], dtype=torch.float64)
    """
    return -10.0 * torch.log10(mse_unit(x, y).clamp(min=10.0 ** (-PSNR_CAP / 10.0)))
