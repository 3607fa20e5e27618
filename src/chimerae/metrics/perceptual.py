"""Distances of features of an original and of its reconstruction, one value per sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from torch import Tensor

from chimerae.metrics.kinds import MetricContext

SMALLEST: Final = 31
"""Smallest side, in pixels, of which AlexNet's second pooling leaves anything."""
SMALLEST_VGG: Final = 16
"""The same of VGG16's fourth."""
SMALLEST_LITE: Final = 8
"""Smallest side whose last compared layer EfficientNet-Lite0 sees more than padding in."""


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """Sum of squared differences of features `[B, ...]`: `[B]`, float64.

    >>> import torch
    >>> squared_distance(torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2))
    tensor([5.], dtype=torch.float64)
    """
    return (a - b).flatten(1).double().square().sum(1)


def at_least(side: int, network: str) -> Callable[[MetricContext], str | None]:
    """A function that gives the reason why images are too small for a network; None when they are large
    enough.
    """

    def reason(context: MetricContext) -> str | None:
        if min(context.shape[1:]) >= side:
            return None
        return f"images smaller than {side}x{side} are too small for {network}"

    return reason
