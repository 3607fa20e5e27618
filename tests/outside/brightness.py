"""A metric from outside the package: how much brighter or darker reconstructions are than their originals."""

from __future__ import annotations

from torch import Tensor

from chimerae.metrics import PairMetric


def gap(x: Tensor, x_r: Tensor) -> Tensor:
    """Absolute difference of the mean of each image `[B, C, H, W]`, `[B]`."""
    return (x.flatten(1).mean(1) - x_r.flatten(1).mean(1)).abs()


METRIC = PairMetric(
    name="brightness_gap",
    better="lower",
    unit="[0, 1]",
    about="difference in brightness of reconstructions",
    on="images",
    measure=gap,
    range="[0, 1]",
)
TAKEN = PairMetric(**{**vars(METRIC), "name": "mse_signed"})
