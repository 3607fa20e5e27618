"""The training images that are nearest to others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import torch
from torch import Tensor

from chimerae.data import Split
from chimerae.evaluation.bench import spread
from chimerae.metrics.nearest import nearest

TRAIN: Final = 50_000
"""Training images among which they are looked for, evenly spread over the split."""
VALUES: Final = 2**24
"""Pixels of a block of training images, and distances to it, at most: bounds memory."""


def neighbours(images: Tensor, train: Split, device: torch.device) -> tuple[Tensor, Tensor]:
    """Distances of `images` `[n, C, H, W]` in [0, 1] to the nearest training images, RMSE in grey levels, and
    their numbers in `train`, both `[n, k]` on the CPU, nearest first; computed on `device`.
    """
    indices = spread(len(train), TRAIN)
    distances, which = nearest(images.to(device), _blocks(train, indices, len(images)))
    return distances.cpu(), indices[which.cpu()]


def _blocks(train: Split, indices: Tensor, n: int) -> Iterator[Tensor]:
    rows = max(1, VALUES // max(train.stored[0].size, n))
    return (train.raw(part) for part in indices.split(rows))
