"""Variety of samples: distances between their features, over those of the data."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from chimerae.errors import InputError
from chimerae.metrics.feature_bank import FeatureBank

MOST: Final = 2_000
"""Images of either kind whose pairs are measured."""


def variety(real: FeatureBank, made: FeatureBank) -> float:
    """Mean pairwise distance of the features of samples over that of the data, from 0; of the data about 1.

    0 means one image for every code. Noise has more than the data.

    Raises:
        InputError: fewer than two images of either kind, or images of the data that are all alike.
    """
    of_data = mean_pairwise_distance(real.rows()[:MOST])
    if of_data == 0.0:
        raise InputError("the images of the data are all alike: nothing to compare variety with")
    return mean_pairwise_distance(made.rows()[:MOST]) / of_data


def mean_pairwise_distance(rows: Tensor) -> float:
    """Mean Euclidean distance of two different rows of `[n, d]`, over all pairs, in float64.

    Raises:
        InputError: fewer than two rows.

    >>> round(mean_pairwise_distance(torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])), 6)
    3.333333
    """
    n = len(rows)
    if n < 2:
        raise InputError(f"variety needs two images or more of either kind, not {n}")
    moved = rows.double() - rows[0].double()  # rows that are all alike have distances of exactly 0
    return float(torch.cdist(moved, moved).fill_diagonal_(0.0).sum() / (n * (n - 1)))
