"""Images, and what feature networks make of them: every network sees every batch once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor

from chimerae.data import Prepared
from chimerae.errors import InputError
from chimerae.evaluation.settings import Evaluation
from chimerae.extractors import EXTRACTORS, Extractor, MissingWeights, Wanted
from chimerae.metrics import Features, SampleMetric
from chimerae.progress import Progress

NO_WEIGHTS: Final = "published weights are not here; `chimerae weights list` says which files, and whence"
"""Why metrics are absent that nobody asked for by name: one line for all of them."""


@dataclass(frozen=True)
class Views:
    """The feature networks that metrics ask for, and why some of them are not there."""

    extractors: Mapping[str, Extractor]
    missing: Mapping[str, str] = field(default_factory=dict)

    def of(self, images: Tensor) -> dict[Features | None, Tensor]:
        """Images `[B, C, H, W]` in [0, 1] as they are (under None), and features of them `[B, d]`.

        Feature networks see 8 bits, rounded, as if the images came from files.
        """
        found: dict[Features | None, Tensor] = {None: images}
        if self.extractors:
            bytes_ = (images.clamp(0, 1) * 255).round().byte()
            for name, extractor in self.extractors.items():
                for layer, features in extractor.features(bytes_).items():
                    found[name, layer] = features
        return found

    def reason(self, metric: SampleMetric) -> str:
        """Why the network of a metric is not there; '' when it is, or none is needed."""
        return "" if metric.features is None else self.missing.get(metric.features[0], "")

    def suffix(self, metric: SampleMetric) -> str:
        """What is added to the name of a metric."""
        return "" if metric.features is None else self.extractors[metric.features[0]].suffix

    def facts(self, metric: SampleMetric) -> Mapping[str, str | int | float]:
        """Facts of the network of a metric."""
        return {} if metric.features is None else self.extractors[metric.features[0]].facts


def open_views(
    metrics: Sequence[SampleMetric],
    data: Prepared,
    settings: Evaluation,
    device: torch.device,
    progress: Progress,
) -> Views:
    """The networks that `metrics` ask for, ready for images like `data`, on `device`."""
    wanted = Wanted(
        data=data, labels=settings.labels, resize=settings.resize, device=device, progress=progress
    )
    extractors: dict[str, Extractor] = {}
    missing: dict[str, str] = {}
    for name in dict.fromkeys(metric.features[0] for metric in metrics if metric.features is not None):
        try:
            extractors[name] = EXTRACTORS[name](wanted)
        except InputError as error:
            brief = isinstance(error, MissingWeights) and settings.metrics is None
            missing[name] = NO_WEIGHTS if brief else str(error)
    return Views(extractors, missing)
