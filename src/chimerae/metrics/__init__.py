"""Metrics: pure functions of tensors, a running mean, and the list `METRICS` of all of them."""

from __future__ import annotations

from chimerae.metrics.kinds import (
    Cloud,
    CloudMetric,
    Density,
    Fact,
    Features,
    Latent,
    LatentMetric,
    Metric,
    PairMetric,
    SampleMetric,
    Statistic,
    Storable,
    Subject,
)
from chimerae.metrics.mean import Mean
from chimerae.metrics.registry import METRICS

__all__ = [
    "METRICS",
    "Cloud",
    "CloudMetric",
    "Density",
    "Fact",
    "Features",
    "Latent",
    "LatentMetric",
    "Mean",
    "Metric",
    "PairMetric",
    "SampleMetric",
    "Statistic",
    "Storable",
    "Subject",
]
