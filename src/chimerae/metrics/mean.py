"""Mean and deviation of a stream of values."""

from __future__ import annotations

from math import sqrt

from torch import Tensor


class Mean:
    """Running mean and deviation in float64 (Chan, Golub, LeVeque 1979); memory does not grow.

    >>> import torch
    >>> total = Mean()
    >>> total.add(torch.tensor([1.0, 2.0]))
    >>> total.add(torch.tensor([6.0]))
    >>> total.n, total.value, round(total.std, 4)
    (3, 3.0, 2.6458)
    """

    def __init__(self) -> None:
        self.n = 0
        self.value = 0.0
        self._squares = 0.0

    def add(self, values: Tensor) -> None:
        """Take in one value per sample, `[B]`."""
        k = len(values)
        if k == 0:
            return
        values = values.double()
        mean = float(values.mean())
        squares = float((values - mean).square().sum())
        n, delta = self.n + k, mean - self.value
        self._squares += squares + delta * delta * self.n * k / n
        self.value += delta * k / n
        self.n = n

    @property
    def std(self) -> float | None:
        """Deviation over samples (n - 1 in the denominator); None for fewer than two."""
        return sqrt(self._squares / (self.n - 1)) if self.n > 1 else None
