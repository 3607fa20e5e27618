"""Every metric."""

from __future__ import annotations

from typing import Final

from chimerae.metrics.codes import CODE_METRICS, LatentMetric
from chimerae.metrics.features import FEATURE_METRICS
from chimerae.metrics.nearest import NEAREST_METRICS, NearestMetric
from chimerae.metrics.pairs import PAIR_METRICS, PairMetric
from chimerae.metrics.samples import SAMPLE_METRICS, SampleMetric
from chimerae.metrics.toy_points import TOY_METRICS, ToyMetric

METRICS: Final[tuple[PairMetric | SampleMetric | NearestMetric | LatentMetric | ToyMetric, ...]] = (
    *PAIR_METRICS,
    *SAMPLE_METRICS,
    *FEATURE_METRICS,
    *NEAREST_METRICS,
    *TOY_METRICS,
    *CODE_METRICS,
)
"""Tables and lists keep this order."""
