"""Shapes of samples and ranges of their values, shared by data, networks and methods."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Final

from torch import Tensor

Shape = tuple[int, ...]
"""Shape of one sample without the batch: `(C, H, W)` for images, `(d,)` for points."""


@dataclass(frozen=True)
class ValueRange:
    """Closed interval of a method's pixel values.

    >>> import torch
    >>> SIGNED.from_unit(torch.tensor([0.0, 0.5, 1.0]))
    tensor([-1.,  0.,  1.])
    """

    low: float
    high: float

    @property
    def span(self) -> float:
        """Width of the interval."""
        return self.high - self.low

    def from_unit(self, x: Tensor) -> Tensor:
        """Map values from [0, 1] into this range."""
        return x * self.span + self.low

    def to_unit(self, x: Tensor) -> Tensor:
        """Map values of this range to [0, 1]; values outside are clipped, as in a picture file.

        >>> import torch
        >>> SIGNED.to_unit(torch.tensor([-3.0, 0.0, 3.0]))
        tensor([0.0000, 0.5000, 1.0000])
        """
        return ((x - self.low) / self.span).clamp(0.0, 1.0)


SIGNED: Final = ValueRange(-1.0, 1.0)
UNIT: Final = ValueRange(0.0, 1.0)


def is_image(shape: Shape) -> bool:
    """True for `(C, H, W)`, False for points `(d,)`."""
    return len(shape) == 3


def numel(shape: Shape) -> int:
    """Number of values in one sample.

    >>> numel((3, 32, 32))
    3072
    """
    return prod(shape)


def describe(shape: Shape) -> str:
    """Shape as people write it: `32x32x3` (height x width x channels) for images, `2-d points` otherwise.

    >>> describe((3, 32, 48)), describe((2,))
    ('32x48x3', '2-d points')
    """
    if not is_image(shape):
        return f"{shape[0]}-d points"
    channels, height, width = shape
    return f"{height}x{width}x{channels}"
