"""Metrics: pure functions of tensors, a running mean, and the list `METRICS` of all of them."""

from __future__ import annotations

from chimerae.metrics.cloud import Cloud, CloudMetric
from chimerae.metrics.drawn import SampleMetric, Statistic, Storable
from chimerae.metrics.encoded import Latent, LatentMetric, Lesson
from chimerae.metrics.kinds import (
    Better,
    Density,
    Fact,
    Features,
    Metric,
    Posterior,
    Subject,
)
from chimerae.metrics.mean import Mean, Spread
from chimerae.metrics.near import Near, NearestMetric
from chimerae.metrics.pair import PairMetric
from chimerae.metrics.registry import METRICS

__all__ = [
    "METRICS",
    "Better",
    "Cloud",
    "CloudMetric",
    "Density",
    "Fact",
    "Features",
    "Latent",
    "LatentMetric",
    "Lesson",
    "Mean",
    "Metric",
    "Near",
    "NearestMetric",
    "PairMetric",
    "Posterior",
    "SampleMetric",
    "Spread",
    "Statistic",
    "Storable",
    "Subject",
]
