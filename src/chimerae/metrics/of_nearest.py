"""Metrics of images against the training images nearest to them."""

from __future__ import annotations

from typing import Final

from chimerae.metrics import nearest
from chimerae.metrics.near import NearestMetric

NEAREST: Final[tuple[NearestMetric, ...]] = (
    NearestMetric(
        name="nearest_train",
        better="data",
        unit="grey levels 0 to 255",
        facts={"distance": "RMSE of pixels"},
        measure=lambda near: nearest.mean_distance(near.made),
        about="distance of a sample to the nearest training image, then mean: far below the data's is blur",
    ),
    NearestMetric(
        name="copied",
        better="lower",
        unit="[0, 1]",
        facts={
            "distance": "RMSE of pixels",
            "neighbours": nearest.NEIGHBOURS,
            "share": nearest.RARE,
        },
        varied=True,
        inside=True,
        measure=lambda near: nearest.copied(near.made, near.test),
        about="share of samples that stand as near to one training image as 1 percent of test images do",
    ),
    NearestMetric(
        name="interpolation_rmse",
        better="data",
        unit="grey levels 0 to 255",
        facts={"distance": "RMSE of pixels", "way": "spherical, its middle"},
        measure=lambda near: nearest.mean_distance(near.between),
        on="middles",
        varied=True,
        about="the same distance of images in the middle between two, then mean",
    ),
)
"""In the order in which they are listed."""
