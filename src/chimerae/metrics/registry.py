"""Every metric."""

from __future__ import annotations

from typing import Final

from chimerae.metrics.cloud import CloudMetric
from chimerae.metrics.drawn import SampleMetric
from chimerae.metrics.encoded import LatentMetric
from chimerae.metrics.near import NearestMetric
from chimerae.metrics.of_clouds import CLOUDS
from chimerae.metrics.of_codes import CODES
from chimerae.metrics.of_features import FEATURES
from chimerae.metrics.of_nearest import NEAREST
from chimerae.metrics.of_pairs import PAIRS
from chimerae.metrics.of_samples import SAMPLES
from chimerae.metrics.pair import PairMetric

METRICS: Final[tuple[PairMetric | SampleMetric | NearestMetric | LatentMetric | CloudMetric, ...]] = (
    *PAIRS,
    *SAMPLES,
    *FEATURES,
    *NEAREST,
    *CLOUDS,
    *CODES,
)
"""In the order in which they are listed."""
