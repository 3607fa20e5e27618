"""Metrics: pure functions of tensors, a running mean, and the list `METRICS` of all of them."""

from __future__ import annotations

from chimerae.metrics.codes import Latent, LatentMetric, ProbeData
from chimerae.metrics.kinds import (
    Density,
    Fact,
    Features,
    Metric,
    MetricContext,
    Posterior,
)
from chimerae.metrics.mean import Mean, RunningVariance
from chimerae.metrics.nearest import NearestMetric, NeighbourDistances
from chimerae.metrics.pairs import PairMetric
from chimerae.metrics.registry import METRICS, metrics_of
from chimerae.metrics.samples import SampleMetric, Statistic, Storable
from chimerae.metrics.scales import Better
from chimerae.metrics.toy_points import ToyMetric, ToyPoints

__all__ = [
    "METRICS",
    "Better",
    "Density",
    "Fact",
    "Features",
    "Latent",
    "LatentMetric",
    "Mean",
    "Metric",
    "MetricContext",
    "NearestMetric",
    "NeighbourDistances",
    "PairMetric",
    "Posterior",
    "ProbeData",
    "RunningVariance",
    "SampleMetric",
    "Statistic",
    "Storable",
    "ToyMetric",
    "ToyPoints",
    "metrics_of",
]
