"""Frechet distance of two sets of features, each taken for a normal distribution.

Source: Heusel et al. 2017 (arXiv 1706.08500), equation 6. It is called FID only where the features are those
of the Inception network of 2015.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from chimerae.errors import InputError


@dataclass
class Moments:
    """Number, sum and sum of outer products of features.

    Up to as many features as dimensions are held themselves, which takes less memory and time.
    """

    stored_as: ClassVar[str] = "Moments"

    n: int = 0
    few: Tensor | None = None
    """All features so far, `[n, d]` float64; None once they are more than `d`."""
    total: Tensor | None = None
    products: Tensor | None = None
    _root: Tensor | None = field(default=None, repr=False)

    def add(self, features: Tensor) -> None:
        """Take in features `[B, d]`."""
        rows = features.cpu().double()
        self.n, self._root = self.n + len(rows), None
        if self.total is None or self.products is None:
            self.few = rows if self.few is None else torch.cat([self.few, rows])
            if self.n > rows.shape[1]:
                self.total, self.products, self.few = self.few.sum(0), self.few.T @ self.few, None
        else:
            self.total += rows.sum(0)
            self.products.addmm_(rows.T, rows)

    def tensors(self) -> Mapping[str, Tensor]:
        """All that it holds."""
        held = {"few": self.few, "total": self.total, "products": self.products}
        return {"n": torch.tensor(self.n)} | {name: each for name, each in held.items() if each is not None}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Restore what `tensors` gave; a `KeyError` when a part is missing."""
        self.n, self._root = int(tensors["n"]), None
        self.few, self.total, self.products = tensors.get("few"), None, None
        if self.few is None:
            self.total, self.products = tensors["total"], tensors["products"]

    def normal(self) -> tuple[Tensor, Tensor]:
        """Mean `[d]` and covariance `[d, d]` (with `n - 1`), float64.

        Raises:
            InputError: fewer than two images were seen, or their features are not finite.
        """
        if self.few is not None:
            mean, rows = self.factor()
            return mean, rows.T @ rows
        if self.total is None or self.products is None:
            raise _too_few(self.n)
        mean = self.total / self.n
        covariance = (self.products - self.n * mean[:, None] * mean) / (self.n - 1)
        if not bool(covariance.isfinite().all()):
            raise InputError("features are not finite")
        return mean, covariance

    def factor(self) -> tuple[Tensor, Tensor]:
        """Mean `[d]` and a factor `A` `[n, d]` of the covariance `A^T A`, float64, while there are few.

        Raises:
            InputError: as `normal`.
        """
        if self.few is None or self.n < 2:
            raise _too_few(self.n)
        if not bool(self.few.isfinite().all()):
            raise InputError("features are not finite")
        mean = self.few.mean(0)
        return mean, (self.few - mean) / (self.n - 1) ** 0.5

    def root(self) -> Tensor:
        """Symmetric root of the covariance, `[d, d]` float64; computed once.

        Raises:
            InputError: as `normal`.
        """
        if self._root is None:
            values, vectors = torch.linalg.eigh(self.normal()[1])
            self._root = (vectors * values.clamp(min=0.0).sqrt()) @ vectors.T
        return self._root


def frechet(real: Moments, made: Moments) -> float:
    """`|m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2))`, at least 0.

    The trace of the root is the sum of the roots of the eigenvalues of `S1^(1/2) S2 S1^(1/2)`, which are at
    least 0: covariances of lower rank (fewer images than features) need no added term. With factors
    `S1 = A^T A` and `S2 = B^T B`, it is the sum of the singular values of `A B^T`.

    Raises:
        InputError: as `Moments.normal`.
    """
    if real.few is not None and made.few is not None:
        (m1, a), (m2, b) = real.factor(), made.factor()
        traces = a.square().sum() + b.square().sum()
        crossed = torch.linalg.svdvals(a @ b.T).sum()
    else:
        (m1, s1), (m2, s2) = real.normal(), made.normal()
        traces, root = s1.trace() + s2.trace(), real.root()
        crossed = torch.linalg.eigvalsh(root @ s2 @ root).clamp(min=0.0).sqrt().sum()
    return max(float((m1 - m2).square().sum() + traces - 2.0 * crossed), 0.0)


def _too_few(n: int) -> InputError:
    return InputError(f"a covariance needs two images or more, not {n}")
