"""Images and their features: every feature network sees every batch once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor

from chimerae.errors import InputError
from chimerae.evaluation.task import Task
from chimerae.features import EXTRACTORS, Extractor, FeatureRequest, MissingWeights
from chimerae.metrics import Features, PairMetric, SampleMetric

QUICK: Final = 2_000
"""Images of either kind that a slow network sees, unless a number of samples is given."""
PAIRS_AT_ONCE: Final = 32
"""Pairs of images whose features are held at a time: features of large images need much memory."""


@dataclass(frozen=True)
class Views:
    """The feature networks that metrics need, and the reasons why some are missing."""

    extractors: Mapping[str, Extractor]
    device: torch.device
    """Device of the networks."""
    missing: Mapping[str, str] = field(default_factory=dict)

    def count(self, features: Features | None, n: int) -> int:
        """Number of images, of `n`, that the network of some features sees."""
        most = None if features is None else self.extractors[features[0]].most
        return n if most is None else min(n, most)

    def of(
        self, images: Tensor, wanted: Iterable[Features | None], start: int = 0
    ) -> dict[Features | None, Tensor]:
        """Images `[B, C, H, W]` in [0, 1] as they are (under None), and features of them `[B, d]`.

        Only networks with `wanted` features are run. They see images rounded to 8 bits, as if read from
        files, unless `eight_bits` is False. A network with a limit sees only the first images, `start` of
        which came before; past the limit it has no entry.
        """
        found: dict[Features | None, Tensor] = {None: images}
        for features in {each[0]: each for each in wanted if each is not None}.values():
            extractor = self.extractors[features[0]]
            some = images[: max(self.count(features, start + len(images)) - start, 0)]
            if not len(some):
                continue
            shown = (some.clamp(0, 1) * 255).round().byte() if extractor.eight_bits else some
            for layer, rows in extractor.features(shown.to(self.device)).items():
                found[features[0], layer] = rows.cpu() if self.device.type == "mps" else rows
        return found

    def compared(self, metric: PairMetric, x: Tensor, made: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Values `[B]` of `metric` for originals `[B, ...]` and each network's reconstructions of them, or
        for their features; those of originals are computed once.
        """
        if metric.features is None:
            return {network: metric.measure(x, y) for network, y in made.items()}
        found: dict[str, list[Tensor]] = {network: [] for network in made}
        for start in range(0, len(x), PAIRS_AT_ONCE):
            part = slice(start, start + PAIRS_AT_ONCE)
            original = self._seen(metric, x[part])
            for network, y in made.items():
                found[network].append(metric.measure(original, self._seen(metric, y[part])))
        return {network: torch.cat(values) for network, values in found.items()}

    def _seen(self, metric: PairMetric, images: Tensor) -> Tensor:
        return self.of(images, [metric.features])[metric.features]

    def reason(self, metric: SampleMetric | PairMetric) -> str:
        """The reason why the network of a metric is missing; '' when it is there, or none is needed."""
        return "" if metric.features is None else self.missing.get(metric.features[0], "")

    def suffix(self, metric: SampleMetric | PairMetric) -> str:
        """Suffix of the name of a metric."""
        return "" if metric.features is None else self.extractors[metric.features[0]].suffix

    def facts(self, features: Features | None) -> Mapping[str, str | int | float]:
        """Facts of the network of some features."""
        return {} if features is None else self.extractors[features[0]].facts


def open_views(metrics: Sequence[SampleMetric] | Sequence[PairMetric], task: Task) -> Views:
    """The networks that `metrics` need, prepared for images like the data, on the device of the model."""
    settings, device = task.settings, task.codec.device
    wanted = FeatureRequest(
        data=task.data,
        labels=settings.labels,
        resize=settings.resize,
        most=QUICK if settings.samples is None else None,
        device=device,
        progress=task.progress,
    )
    extractors: dict[str, Extractor] = {}
    missing: dict[str, str] = {}
    for name in dict.fromkeys(metric.features[0] for metric in metrics if metric.features is not None):
        try:
            extractors[name] = EXTRACTORS[name](wanted)
        except InputError as error:
            missing[name] = str(error)
            if isinstance(error, MissingWeights) and settings.metrics is None:
                missing[name] = error.file.wanting  # one line for all metrics that need it
    return Views(extractors, device, missing)
