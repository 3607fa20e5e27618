"""Distances between samples and their reconstructions, summed over all values of a sample."""

from __future__ import annotations

from torch import Tensor


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
