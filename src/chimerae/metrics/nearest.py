"""Metrics of images by the training images nearest to them: their distances, against those by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, final

import torch
from torch import Tensor

from chimerae.errors import InputError
from chimerae.metrics.kinds import Metric, MetricContext, Needs, no_codes, no_samples
from chimerae.metrics.scales import Scale, lower, towards_data
from chimerae.shapes import is_image

NEIGHBOURS: Final = 50
"""Nearest training images with which the very nearest is compared (Carlini et al. 2023, arXiv 2301.13188)."""
RARE: Final = 0.01
"""Share of test images that pass for copies; this sets the threshold."""
ENOUGH: Final = 20
"""Fewest test images for such a threshold."""
LEVELS: Final = 255
CENTRE: Final = 0.5
"""Subtracted from all values, since products of float32 lose least precision around 0."""


def nearest(images: Tensor, blocks: Iterable[Tensor], k: int = NEIGHBOURS) -> tuple[Tensor, Tensor]:
    """Distances to the `k` nearest of many others and their numbers, both `[n, k]`, nearest first.

    `images` `[n, C, H, W]` in [0, 1]; the others come in `blocks` `[b, C, H, W]` of uint8. With fewer than
    `k` of them, k is their number. A distance is the root of the mean squared difference of values, in grey
    levels 0 to 255. The nearest is exact to six digits, the rest to the precision of a matrix product in
    float32 (about 0.05 where it is near 0).

    >>> others = torch.tensor([0, 100, 255], dtype=torch.uint8).view(3, 1, 1, 1)
    >>> distances, which = nearest(torch.full((1, 1, 1, 1), 90 / 255), [others], k=2)
    >>> distances.round(decimals=3).tolist(), which.tolist()
    ([[10.0, 90.0]], [[1, 0]])
    """
    q = images.flatten(1).float() - CENTRE
    best = q.new_empty(len(q), 0)
    which = torch.empty(len(q), 0, dtype=torch.long, device=q.device)
    seen = 0
    for block in blocks:
        t = block.to(q.device).flatten(1).float().div_(LEVELS).sub_(CENTRE)
        squared = (q.square().sum(1, keepdim=True) + t.square().sum(1) - 2 * (q @ t.T)).clamp(min=0)
        found = squared.topk(min(k, len(t)), largest=False)
        exact = (q - t[found.indices[:, 0]]).square().sum(1, keepdim=True)
        best = torch.cat([best, exact, found.values[:, 1:]], 1)
        which = torch.cat([which, found.indices + seen], 1)
        best, order = best.topk(min(k, best.shape[1]), largest=False)
        which = which.gather(1, order)
        seen += len(t)
    return LEVELS * (best / q.shape[1]).sqrt(), which


def mean_distance(distances: Tensor) -> float:
    """Mean distance to the nearest, of distances `[n, k]` to the k nearest.

    Raises:
        InputError: there are none.
    """
    if not distances.numel():
        raise InputError("there are no images to compare, or no training images")
    return float(distances[:, 0].double().mean())


def copied(made: Tensor, test: Tensor) -> float:
    """Share of images that stand out from the training images as a copy does, in [0, 1]; of test images .01.

    `made` `[n, k]` and `test` `[m, k]` are distances to the k nearest. The quotient of an image is its
    nearest distance over the mean of all k. An image counts when its quotient is at most the first percentile
    over test images. The quotient is 0 for a copy, and near 1 for a mean of many images, which is near to all
    of them without being a copy of any. (Carlini et al. 2023 compare it with a constant instead.)

    Raises:
        InputError: fewer than 20 test images, or fewer than two training images.

    >>> test = torch.linspace(5, 9, 100)[:, None] * torch.tensor([1.0, 0.0]) + torch.tensor([0.0, 10.0])
    >>> copied(torch.tensor([[0.1, 10.0], [9.0, 10.0], [2.0, 2.1], [1.0, 9.0]]), test)
    0.5
    """
    if len(test) < ENOUGH or test.shape[1] < 2:
        raise InputError(f"it needs {ENOUGH} test images and 2 training images, or more")
    threshold = _standing_out(test).quantile(RARE)
    return float((_standing_out(made) <= threshold).double().mean())


def _standing_out(distances: Tensor) -> Tensor:
    distances = distances.double()
    return distances[:, 0] / distances.mean(1).clamp(min=1e-9)


@dataclass(frozen=True, kw_only=True)
class NeighbourDistances:
    """Distances of images to the training images nearest to them, nearest first: RMSE in grey levels
    0 to 255.

    For the score of the data themselves, all three are distances of test images.
    """

    made: Tensor
    """Distances of images that a network drew, `[n, k]`."""
    between: Tensor
    """Distances of images made from codes midway between two others, `[m, k]`."""
    test: Tensor
    """Distances of test images, `[p, k]`."""


@final
@dataclass(frozen=True, kw_only=True)
class NearestMetric(Metric):
    """Judges images that a model makes by the training images nearest to them, pixel by pixel."""

    needs: ClassVar[Needs] = "nearest"
    measure: Callable[[NeighbourDistances], float]
    on: Literal["samples", "middles"] = "samples"
    """Images that it judges: from prior codes, or from codes midway between two others."""
    inside: bool = False
    """True: only samples among the data give it a meaning, since noise copies nothing."""

    def why_not(self, context: MetricContext) -> str | None:
        """The reason why it does not apply to `context`; None when it applies."""
        if not is_image(context.shape):
            return "it judges images"
        return no_samples(context) or (no_codes(context) if self.on == "middles" else None)


_GREY_LEVELS: Final[Scale] = towards_data("grey levels 0 to 255")

NEAREST_METRICS: Final[tuple[NearestMetric, ...]] = (
    NearestMetric(
        name="nearest_train",
        **_GREY_LEVELS,
        facts={"distance": "RMSE of pixels"},
        measure=lambda near: mean_distance(near.made),
        about="distance of a sample to the nearest training image, then mean: far below the data's is blur",
    ),
    NearestMetric(
        name="copied",
        **lower("[0, 1]"),
        facts={
            "distance": "RMSE of pixels",
            "neighbours": NEIGHBOURS,
            "share": RARE,
        },
        varied=True,
        inside=True,
        measure=lambda near: copied(near.made, near.test),
        about="share of samples that stand as near to one training image as 1 percent of test images do",
    ),
    NearestMetric(
        name="interpolation_rmse",
        **_GREY_LEVELS,
        facts={"distance": "RMSE of pixels", "way": "spherical, its middle"},
        measure=lambda near: mean_distance(near.between),
        on="middles",
        varied=True,
        about="the same distance of images in the middle between two, then mean",
    ),
)
"""Tables and lists keep this order."""
