"""Every metric."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from chimerae.errors import InputError
from chimerae.extensions import point_at
from chimerae.metrics.codes import CODE_METRICS, LatentMetric
from chimerae.metrics.features import FEATURE_METRICS
from chimerae.metrics.nearest import NEAREST_METRICS, NearestMetric
from chimerae.metrics.pairs import PAIR_METRICS, PairMetric
from chimerae.metrics.samples import SAMPLE_METRICS, SampleMetric
from chimerae.metrics.toy_points import TOY_METRICS, ToyMetric

AnyMetric = PairMetric | SampleMetric | NearestMetric | LatentMetric | ToyMetric
METRICS: Final[tuple[AnyMetric, ...]] = (
    *PAIR_METRICS,
    *SAMPLE_METRICS,
    *FEATURE_METRICS,
    *NEAREST_METRICS,
    *TOY_METRICS,
    *CODE_METRICS,
)
"""Tables and lists keep this order."""


def metrics_of(names: Iterable[str] | None) -> list[AnyMetric]:
    """The metrics called `names`, in the order of `METRICS`, those from outside the package after them.

    Args:
        names: of `METRICS`; references such as `./my_metric.py:METRIC` to an object of one of the five kinds;
            names of entry points of the group `chimerae.metrics`. None: all of `METRICS`.

    Raises:
        InputError: there is no such metric, or one from outside takes the name of another.
    """
    if names is None:
        return list(METRICS)
    asked = list(dict.fromkeys(names))
    own = [metric for metric in METRICS if metric.name in asked]
    known = {metric.name for metric in METRICS}
    return own + [_from_outside(name, known) for name in asked if name not in known]


def _from_outside(name: str, known: set[str]) -> AnyMetric:
    found = point_at("metric", name, (metric.name for metric in METRICS))
    if not isinstance(found, AnyMetric):
        kinds = "PairMetric, SampleMetric, NearestMetric, LatentMetric or ToyMetric"
        raise InputError(f"{name} is no metric: it must be an object of the class {kinds}")
    if found.name in known:
        raise InputError(f"{name}: {found.name} is the name of a metric of the package; choose another")
    return found
