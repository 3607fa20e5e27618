"""Distances between samples and their reconstructions, summed over all values of a sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from torch import Tensor

from chimerae.parallel import average

Likelihood = Literal["unit", "estimated"]
"""Variance of a Gaussian decoder: 1, or the one under which the batch is likeliest."""
SMALLEST_VARIANCE = 1e-6
"""Floor of an estimated variance: far below the rounding of 8-bit images, which is 5e-6 in [-1, 1]."""


def squared_error(x: Tensor, y: Tensor) -> Tensor:
    """Squared error `sum (x - y)^2`, `[B]`, for `x` and `y` `[B, ...]` (`R1` of the method sheets).

    >>> import torch
    >>> squared_error(torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2))
    tensor([5.])
    """
    return (x - y).square().flatten(1).sum(1)


def absolute_error(x: Tensor, y: Tensor) -> Tensor:
    """Absolute error `sum |x - y|`, `[B]`, for `x` and `y` `[B, ...]`.

    >>> import torch
    >>> absolute_error(torch.tensor([[1.0, -2.0]]), torch.zeros(1, 2))
    tensor([3.])
    """
    return (x - y).abs().flatten(1).sum(1)


def half_squared_error(x: Tensor, y: Tensor) -> Tensor:
    """Negative log-likelihood of N(y, I) without its constant, `1/2 sum (x - y)^2`, in nats, `[B]`.

    >>> import torch
    >>> half_squared_error(torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2))
    tensor([2.5000])
    """
    return 0.5 * squared_error(x, y)


def mean_absolute_error(x: Tensor, y: Tensor) -> Tensor:
    """Mean over all values of a sample of `|x - y|`, `[B]`.

    >>> import torch
    >>> mean_absolute_error(torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2))
    tensor([1.5000])
    """
    return (x - y).abs().flatten(1).mean(1)


def mean_squared_error(x: Tensor, y: Tensor) -> Tensor:
    """Mean over all values of a sample of `(x - y)^2`, `[B]`.

    >>> import torch
    >>> mean_squared_error(torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2))
    tensor([2.5000])
    """
    return (x - y).square().flatten(1).mean(1)


def estimated_variance(x: Tensor, y: Tensor) -> Tensor:
    """Variance of the Gaussian decoder under which the batch is likeliest: its mean squared error.

    One number for all values of all samples, without a slope. Source: Rybkin et al. 2021 (sigma-VAE).

    >>> import torch
    >>> estimated_variance(torch.tensor([[1.0, 3.0]]), torch.zeros(1, 2))
    tensor(5.)
    """
    return average((x - y).detach().square().mean()).clamp(min=SMALLEST_VARIANCE)


def estimated_nll(x: Tensor, y: Tensor) -> Tensor:
    """Negative log-likelihood of N(y, v I) in nats without its constant, `[B]`; `v` is `estimated_variance`.

    `1/2 sum (x - y)^2 / v + n/2 log v` for `n` values of a sample. Its slope is that of `n/2 log v` with a
    variable `v`. So a KL beside it needs no extra weight for large images or small errors. Source: Rybkin et
    al. 2021 (sigma-VAE).

    >>> import torch
    >>> estimated_nll(torch.tensor([[1.0, 1.0]]), torch.zeros(1, 2))
    tensor([1.])
    """
    v = estimated_variance(x, y)
    return half_squared_error(x, y) / v + 0.5 * x[0].numel() * v.log()


NLL: Mapping[Likelihood, Callable[[Tensor, Tensor], Tensor]] = {
    "unit": half_squared_error,
    "estimated": estimated_nll,
}
"""Negative log-likelihoods of `x` under a Gaussian around `y`, by the variance of the Gaussian."""


def _unit_precision(x: Tensor, y: Tensor) -> float:
    return 1.0


def _estimated_precision(x: Tensor, y: Tensor) -> Tensor:
    return 0.5 / estimated_variance(x, y)


ERROR_WEIGHTS: Mapping[Likelihood, Callable[[Tensor, Tensor], Tensor | float]] = {
    "unit": _unit_precision,
    "estimated": _estimated_precision,
}
"""Weight of squared errors in losses without a factor 1/2: 1 as published, or `1 / (2 v)`."""
