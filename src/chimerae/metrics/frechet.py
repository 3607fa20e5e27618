"""Frechet distance of two sets of features, each taken for a normal distribution.

Source: Heusel et al. 2017 (arXiv 1706.08500), equation 6. It is called FID only where the features are those
of the Inception network of 2015.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from chimerae.errors import InputError


@dataclass
class Moments:
    """Number, sum and sum of outer products of features: nothing else is kept of them."""

    n: int = 0
    total: Tensor | None = None
    products: Tensor | None = None

    def add(self, features: Tensor) -> None:
        """Take in features `[B, d]`."""
        rows = features.cpu().double()
        if self.total is None or self.products is None:
            self.total, self.products = rows.sum(0), rows.T @ rows
        else:
            self.total += rows.sum(0)
            self.products.addmm_(rows.T, rows)
        self.n += len(rows)

    def tensors(self) -> Mapping[str, Tensor]:
        """All that it holds."""
        if self.total is None or self.products is None:
            return {}
        return {"n": torch.tensor(self.n), "total": self.total, "products": self.products}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Hold what `tensors` gave."""
        self.n = int(tensors["n"])
        self.total, self.products = tensors["total"], tensors["products"]

    def normal(self) -> tuple[Tensor, Tensor]:
        """Mean `[d]` and covariance `[d, d]` (with `n - 1`), float64.

        Raises:
            InputError: fewer than two images were seen, or their features are not finite.
        """
        if self.total is None or self.products is None or self.n < 2:
            raise InputError(f"a covariance needs two images or more, not {self.n}")
        mean = self.total / self.n
        covariance = (self.products - self.n * mean[:, None] * mean) / (self.n - 1)
        if not bool(covariance.isfinite().all()):
            raise InputError("features are not finite")
        return mean, covariance


def frechet(real: Moments, made: Moments) -> float:
    """`|m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2))`, at least 0.

    The trace of the root is the sum of the roots of the eigenvalues of `S1^(1/2) S2 S1^(1/2)`, which are not
    negative: covariances without full rank (fewer images than features) need no term added to them.

    Raises:
        InputError: as `Moments.normal`.
    """
    (m1, s1), (m2, s2) = real.normal(), made.normal()
    root = _root(s1)
    crossed = torch.linalg.eigvalsh(root @ s2 @ root).clamp(min=0.0).sqrt().sum()
    value = (m1 - m2).square().sum() + s1.trace() + s2.trace() - 2.0 * crossed
    return max(float(value), 0.0)


def _root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = (vectors * values.clamp(min=0.0).sqrt()) @ vectors.T
    return root
