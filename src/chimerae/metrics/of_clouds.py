"""Metrics of points, against a toy density."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from chimerae.errors import InputError
from chimerae.metrics import density, structure
from chimerae.metrics.cloud import Cloud, CloudMetric
from chimerae.metrics.kinds import Density, Fact


def _histogram(units: str) -> dict[str, Fact]:
    return {"units": units, "points": density.POINTS, "bins": density.BINS}


def _first(cloud: Cloud) -> tuple[Tensor, Tensor]:
    return cloud.real[: density.POINTS], cloud.points[: density.POINTS]


def _has_modes(toy: Density) -> bool:
    return len(toy.centres()) > 0 and toy.sigma is not None


def _is_sine(toy: Density) -> bool:
    return toy.name == "avae-sine"


def _modes_covered(cloud: Cloud) -> float:
    return structure.modes_covered(cloud.points, cloud.toy.centres(), cloud.toy.sigma or 0.0)


def _in_modes(cloud: Cloud) -> float:
    return structure.in_modes(cloud.points, cloud.toy.centres(), cloud.toy.sigma or 0.0)


def _code_rank(cloud: Cloud) -> float:
    return abs(structure.rank_correlation(cloud.codes[:, 0], cloud.points[:, 0]))


def _cycle_cost(cloud: Cloud) -> float:
    cost = (cloud.points - cloud.again).double().square().sum(1).mean()
    if not cost.isfinite():
        raise InputError("points are not finite once they are encoded and decoded")
    return float(cost)


CLOUDS: Final[tuple[CloudMetric, ...]] = (
    CloudMetric(
        name="kl_published",
        better="lower",
        unit="1/100 of a sum over cells",
        facts=_histogram("published") | {"floor": density.FLOOR},
        measure=lambda c: density.kl_published(c.real, c.points, c.toy.limits),
        about="KL(real || model) of 100x100 histograms in the units of the toy tables",
    ),
    CloudMetric(
        name="jsd_published",
        better="lower",
        unit="1/100 of a sum over cells",
        facts=_histogram("published") | {"floor": density.FLOOR},
        measure=lambda c: density.jsd_published(c.real, c.points, c.toy.limits),
        about="Jensen-Shannon divergence in the units of the toy tables (arguments reversed, not bounded)",
    ),
    CloudMetric(
        name="kl_nats",
        better="lower",
        unit="nats",
        facts=_histogram("nats") | {"floor": density.FLOOR},
        measure=lambda c: density.kl_nats(*_first(c), c.toy.limits),
        about="KL(real || model) of 100x100 histograms in nats",
    ),
    CloudMetric(
        name="jsd_nats",
        better="lower",
        unit="nats, [0, 0.693]",
        facts=_histogram("nats"),
        measure=lambda c: density.jsd_nats(*_first(c), c.toy.limits),
        about="Jensen-Shannon divergence of 100x100 histograms in nats",
    ),
    CloudMetric(
        name="modes_covered",
        better="higher",
        unit="modes",
        facts={"within": structure.WITHIN},
        suits=_has_modes,
        which="toys with modes",
        measure=_modes_covered,
        about="modes with at least one point within 4 sigma of the centre",
    ),
    CloudMetric(
        name="in_modes",
        varied=True,
        better="higher",
        unit="[0, 1]",
        facts={"within": structure.WITHIN},
        suits=_has_modes,
        which="toys with modes",
        measure=_in_modes,
        about="share of points within 4 sigma of some centre",
    ),
    CloudMetric(
        name="near_data",
        varied=True,
        better="higher",
        unit="[0, 1]",
        facts={"points": density.POINTS, "share": structure.SHARE},
        measure=lambda c: structure.near_data(c.points[: density.POINTS], c.real[: density.POINTS]),
        about="share of points no farther from the data than 99 percent of the data are from one another",
    ),
    CloudMetric(
        name="on_branches",
        varied=True,
        better="higher",
        unit="[0, 1]",
        facts={"gap": structure.GAP},
        suits=_is_sine,
        which="avae-sine",
        measure=lambda c: structure.on_branches(c.points),
        about="share of points with |x2 - cos(x1)| > 0.5 (data: .85)",
    ),
    CloudMetric(
        name="both_branches",
        better="higher",
        unit="[0, 1]",
        needs="noise",
        facts={"value": "x2 - cos(x1)"},
        suits=_is_sine,
        which="avae-sine",
        measure=lambda c: structure.both_branches(c.redrawn),
        about="share of fixed codes that reach both branches as the noise is drawn again",
    ),
    CloudMetric(
        name="cycle_cost",
        varied=True,
        better="lower",
        unit="squared units of the points",
        needs="again",
        facts={"cost": "sum of squares"},
        measure=_cycle_cost,
        about="squared distance of a drawn point and what becomes of it when it is encoded and decoded",
    ),
    CloudMetric(
        name="code_rank",
        varied=True,
        better="higher",
        unit="[0, 1]",
        needs="codes",
        facts={"value": "|Spearman(z, x1)|"},
        measure=_code_rank,
        about="rank correlation of a one-dimensional code and the first coordinate",
    ),
)
"""In the order in which they are listed."""
