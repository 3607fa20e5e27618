"""Calibration of feature scores: training images, spoilt in known ways, against test images.

`python -m chimerae.evaluation.calibration --data mnist` prints the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

import torch
import tyro
from torch import Tensor
from torch.nn.functional import avg_pool2d

from chimerae import noise
from chimerae.data import Prepare, Prepared, Split, prepare
from chimerae.errors import InputError
from chimerae.evaluation.seeded_codec import spread
from chimerae.features import EXTRACTORS, EfficientNet, Extractor, FeatureRequest
from chimerae.metrics import METRICS, SampleMetric, Statistic
from chimerae.shapes import is_image

MISSING: Final = (1, 3, 5)
"""Numbers of classes that are left out."""
MANY: Final = 100
"""Data of this many classes or more have none left out: the loss of one would be invisible."""
BATCH: Final = 250


def some(split: Split, n: int, missing: int = 0) -> Tensor:
    """At most `n` images of the split, spread over it, `[n, C, H, W]` uint8; the first `missing` classes are
    left out.
    """
    rows = torch.arange(len(split))
    if split.labels is not None and missing:
        rows = rows[split.labels >= split.labels.unique()[missing]]
    order = torch.randperm(min(n, len(rows)), generator=noise.generator("calibration", "order"))
    return split.raw(rows[spread(len(rows), n)][order])


def spoilt(data: Prepared, n: int) -> Iterator[tuple[str, Tensor]]:
    """Training images `[n, C, H, W]`, uint8, as they are and spoilt, each with the name of the row."""
    x = some(data.train, n)
    yield "as they are", x
    draws = torch.randn(x.shape, generator=noise.generator("calibration", "noise"))
    for deviation in (0.05, 0.1):
        yield f"noise of deviation {deviation:g}", (x + 255 * deviation * draws).round().clamp(0, 255).byte()
    for side in (3, 5):
        yield f"mean filter {side}x{side}", avg_pool2d(x.float(), side, 1, side // 2).round().byte()
    classes = 0 if data.train.labels is None else len(data.train.labels.unique())
    for missing in MISSING if MISSING[-1] < classes < MANY else ():
        yield f"without {missing} of {classes} classes", some(data.train, n, missing)
    yield "every tenth image, ten times", x[::10].repeat(10, 1, 1, 1)[: len(x)]
    yield "one image", x[:1].expand_as(x)


def table(data: Prepared, n: int, extractor: Extractor) -> Iterator[tuple[str, Mapping[str, float]]]:
    """Values of all metrics on the features of `extractor`, row by row, against `n` test images."""
    metrics = [
        m
        for m in METRICS
        if isinstance(m, SampleMetric) and m.made == "samples" and m.features == (extractor.name, "pool")
    ]

    def gathered(images: Tensor) -> Mapping[Callable[[], Statistic], Statistic]:
        statistics = {metric.gather: metric.gather() for metric in metrics}
        for part in images.split(BATCH):
            rows = extractor.features(part)["pool"]
            for statistic in statistics.values():
                statistic.add(rows)
        return statistics

    real = gathered(some(data.test, n))
    for name, images in spoilt(data, n):
        made = gathered(images)
        found = {m.name: m.compare(real[m.gather], made[m.gather]) for m in metrics}
        yield name, {key: v[0] if isinstance(v, tuple) else v for key, v in found.items()}


def main(
    data: str = "digits",
    n: int = 2000,
    network: str = "efficientnet",
    size: int | None = None,
    side: int | None = None,
) -> None:
    """Print the table in Markdown.

    Args:
        data: Source of images.
        n: Images of either kind, at most.
        network: Feature network.
        size: Pixels of a side that images are prepared to; None: as they are.
        side: Pixels of a side that EfficientNet sees them at; None: what metrics use.
    """
    prepared = prepare(data, Prepare(size=size))
    if not is_image(prepared.shape):
        raise InputError(f"{data} has no images")
    extractor = EXTRACTORS[network](FeatureRequest(data=prepared))
    if side is not None and isinstance(extractor, EfficientNet):
        extractor = replace(extractor, side=side)
    for i, (name, values) in enumerate(table(prepared, n, extractor)):
        if i == 0:
            print("| images |", " | ".join(f"`{metric}`" for metric in values), "|")
            print("|---" * (len(values) + 1) + "|")
        print(f"| {name} |", " | ".join(f"{value:.3g}" for value in values.values()), "|", flush=True)


if __name__ == "__main__":
    tyro.cli(main)
