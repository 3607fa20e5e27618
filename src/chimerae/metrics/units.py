"""Dimensions of a code that are in use."""

from __future__ import annotations

from typing import Final

from torch import Tensor

ACTIVE: Final = 0.01
"""Variance above which a dimension is active (Burda, Grosse, Salakhutdinov 2016)."""


def active_units(means: Tensor) -> float:
    """Number of dimensions of `means` `[n, z]` with a variance over samples above 0.01, 0 to z.

    Means of posteriors in units of the prior's deviation, n 2 or more (Burda et al. 2016, importance weighted
    autoencoders, arXiv 1509.00519, section 5.2: `A_u = Cov_x(E[u|x]) > 0.01`).

    >>> import torch
    >>> active_units(torch.tensor([[1.0, 0.0, 0.01], [-1.0, 0.0, -0.01]]))
    1.0
    """
    return float((means.double().var(0) > ACTIVE).sum())
