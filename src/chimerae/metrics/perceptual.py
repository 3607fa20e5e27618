"""Distances of features of an original and of its reconstruction, one value per sample."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from chimerae.metrics.kinds import MetricContext

SMALLEST: Final = 31
"""Smallest side, in pixels, of which AlexNet's second pooling leaves anything."""


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """Sum of squared differences of features `[B, ...]`: `[B]`, float64.

    >>> import torch
    >>> squared_distance(torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2))
    tensor([5.], dtype=torch.float64)
    """
    return (a - b).flatten(1).double().square().sum(1)


def large_enough(context: MetricContext) -> str | None:
    """The reason why images are too small for AlexNet; None when they are large enough."""
    if min(context.shape[1:]) >= SMALLEST:
        return None
    return f"images smaller than {SMALLEST}x{SMALLEST} are too small for AlexNet"
