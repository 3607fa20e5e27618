"""Negative log-likelihoods of errors under a scale that is fixed, learned or estimated, `[B]`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from torch import Tensor

from chimerae.losses.reconstruction import SMALLEST_VARIANCE, absolute_error, squared_error
from chimerae.parallel import average

PixelError = Literal["l1", "l2"]
"""Error of a pixel: absolute (a Laplace density) or squared (a normal density)."""


def laplace_nll(error: Tensor, log_scale: Tensor, n: int) -> Tensor:
    """Negative log-likelihood in nats of `n` values under Laplace densities, without the constant `n log 2`.

    `error / b + n log b` for the summed absolute errors `error` `[B]` and the logarithm of the scale b, a
    scalar. Source: Rombach et al. 2022, the published code's `rec / exp(logvar) + logvar`.

    >>> import torch
    >>> laplace_nll(torch.tensor([3.0]), torch.tensor(0.0), 2)
    tensor([3.])
    """
    return error * (-log_scale).exp() + n * log_scale


def normal_nll(error: Tensor, log_variance: Tensor, n: int) -> Tensor:
    """Negative log-likelihood in nats of `n` values under normal densities, without the constant.

    `1/2 (error / v + n log v)` for the summed squared errors `error` `[B]` and the logarithm of the variance
    v, a scalar.

    >>> import torch
    >>> normal_nll(torch.tensor([3.0]), torch.tensor(0.0), 2)
    tensor([1.5000])
    """
    return 0.5 * laplace_nll(error, log_variance, n)


def estimated_log_scale(error: Tensor, n: int) -> Tensor:
    """Logarithm of the scale under which a batch of summed errors `[B]` of `n` values is likeliest, a scalar
    without a slope: `log(mean error / n)`.

    It holds for both densities. Source: Rybkin et al. 2021 (sigma-VAE), for the normal one.

    >>> import torch
    >>> estimated_log_scale(torch.tensor([1.0, 3.0]), 2)
    tensor(0.)
    """
    return average(error.detach().mean() / n).clamp(min=SMALLEST_VARIANCE).log()


PIXEL_ERRORS: Mapping[PixelError, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": absolute_error,
    "l2": squared_error,
}
"""Errors `[B]` of samples and their reconstructions, summed over values."""
SCALED_NLL: Mapping[PixelError, Callable[[Tensor, Tensor, int], Tensor]] = {
    "l1": laplace_nll,
    "l2": normal_nll,
}
"""Negative log-likelihood by the error of a pixel."""
