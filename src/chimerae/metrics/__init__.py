"""Metrics: pure functions of tensors, a running mean, and the list `METRICS` of all of them."""

from __future__ import annotations

from chimerae.metrics.kinds import (
    Cloud,
    CloudMetric,
    Density,
    Fact,
    Latent,
    LatentMetric,
    Metric,
    PairMetric,
    SampleMetric,
    Statistic,
    Subject,
)
from chimerae.metrics.mean import Mean
from chimerae.metrics.near import Near, NearestMetric
from chimerae.metrics.registry import METRICS

__all__ = [
    "METRICS",
    "Cloud",
    "CloudMetric",
    "Density",
    "Fact",
    "Latent",
    "LatentMetric",
    "Mean",
    "Metric",
    "Near",
    "NearestMetric",
    "PairMetric",
    "SampleMetric",
    "Statistic",
    "Subject",
]
