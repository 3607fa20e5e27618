"""Means and deviations of streams of values and of samples."""

from __future__ import annotations

from math import sqrt

from torch import Tensor


class RunningVariance:
    """Running mean squared distance of samples from their mean, per value, in float64.

    >>> import torch
    >>> total = RunningVariance()
    >>> total.add(torch.tensor([[0.0, 1.0]]))
    >>> total.add(torch.tensor([[2.0, 1.0]]))
    >>> total.value
    0.5
    """

    def __init__(self) -> None:
        self._n = 0
        self._mean: Tensor | float = 0.0
        self._squares = 0.0
        self._values = 1

    def add(self, x: Tensor) -> None:
        """Take in samples `[B, ...]`, B > 0."""
        rows = x.flatten(1).double()
        mean, n = rows.mean(0), self._n + len(rows)
        delta = mean - self._mean
        self._squares += float((rows - mean).square().sum() + delta.square().sum() * self._n * len(rows) / n)
        self._mean, self._n, self._values = self._mean + delta * (len(rows) / n), n, rows.shape[1]

    @property
    def value(self) -> float:
        """Squared error of the mean of all samples, per value; 0 for a single sample."""
        return self._squares / max(self._n * self._values, 1)


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
