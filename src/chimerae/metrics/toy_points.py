"""Metrics of points, against the toy density that a model learnt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final

from torch import Tensor

from chimerae.errors import InputError
from chimerae.metrics import histograms, modes
from chimerae.metrics.kinds import Density, Fact, Metric, MetricContext, Needs, no_samples
from chimerae.metrics.scales import NATS, SHARE, Scale, higher, lower


@dataclass(frozen=True, kw_only=True)
class ToyPoints:
    """Points that a network made of codes, beside points of the toy density it learnt."""

    toy: Density
    real: Tensor
    """Fresh points of the density, `[n, 2]`."""
    points: Tensor
    """Points of the network, `[n, 2]`."""
    codes: Tensor
    """Codes of these points, `[n, z]`; `[n, 0]` for points that no network made."""
    resampled: Tensor
    """Points of a few codes with repeated draws of the noise, `[codes, draws, 2]`."""
    again: Tensor
    """`points` encoded and decoded again, `[n, 2]`; `[0, 2]` for points that no network made."""


@final
@dataclass(frozen=True, kw_only=True)
class ToyMetric(Metric):
    """Judges the points that a model draws against the toy density it learnt."""

    needs: Needs = "points"
    measure: Callable[[ToyPoints], float]
    toys: Callable[[Density], bool] = lambda toy: True
    """True for the toys that it suits."""
    which: str = "toys"
    """These toys in words."""

    def why_not(self, context: MetricContext) -> str | None:
        """The reason why it does not apply to `context`; None when it applies."""
        if context.toy is None:
            return "it needs a toy density, whose points can be drawn"
        if not self.toys(context.toy):
            return f"it is for {self.which}, not for {context.toy.name}"
        if self.needs == "codes" and context.z_dim != 1:
            return f"it is for one-dimensional codes, not for {context.z_dim}"
        if self.needs == "again" and not context.encodes:
            return "it needs an encoder"
        if self.needs != "again" and not context.generates:
            return no_samples(context)
        if self.needs == "noise" and context.noise_dim == 0:
            return "it needs a generator that takes noise beside the code"
        return None

    def protocol(self, context: MetricContext) -> Mapping[str, Fact]:
        """Facts that give its value a meaning."""
        toy = context.toy
        binned: dict[str, Fact] = {} if toy is None or "bins" not in self.facts else {"limits": toy.limits}
        return {**self.facts, **binned}


def _histogram(units: str) -> dict[str, Fact]:
    return {"units": units, "points": histograms.POINTS, "bins": histograms.BINS}


def _first(cloud: ToyPoints) -> tuple[Tensor, Tensor]:
    return cloud.real[: histograms.POINTS], cloud.points[: histograms.POINTS]


def _has_modes(toy: Density) -> bool:
    return len(toy.centres()) > 0 and toy.sigma is not None


def _is_sine(toy: Density) -> bool:
    return toy.name == "avae-sine"


def _modes_covered(cloud: ToyPoints) -> float:
    return modes.modes_covered(cloud.points, cloud.toy.centres(), cloud.toy.sigma or 0.0)


def _in_modes(cloud: ToyPoints) -> float:
    return modes.in_modes(cloud.points, cloud.toy.centres(), cloud.toy.sigma or 0.0)


def _code_rank(cloud: ToyPoints) -> float:
    return abs(modes.rank_correlation(cloud.codes[:, 0], cloud.points[:, 0]))


def _cycle_cost(cloud: ToyPoints) -> float:
    cost = (cloud.points - cloud.again).double().square().sum(1).mean()
    if not cost.isfinite():
        raise InputError("points are not finite once they are encoded and decoded")
    return float(cost)


_PUBLISHED: Final[Scale] = lower("1/100 of a sum over cells")

TOY_METRICS: Final[tuple[ToyMetric, ...]] = (
    ToyMetric(
        name="kl_published",
        **_PUBLISHED,
        facts=_histogram("published") | {"floor": histograms.FLOOR},
        measure=lambda c: histograms.kl_published(c.real, c.points, c.toy.limits),
        about="KL(real || model) of 100x100 histograms in the units of the toy tables",
    ),
    ToyMetric(
        name="jsd_published",
        **_PUBLISHED,
        facts=_histogram("published") | {"floor": histograms.FLOOR},
        measure=lambda c: histograms.jsd_published(c.real, c.points, c.toy.limits),
        about="Jensen-Shannon divergence in the units of the toy tables (arguments reversed, not bounded)",
    ),
    ToyMetric(
        name="kl_nats",
        **NATS,
        facts=_histogram("nats") | {"floor": histograms.FLOOR},
        measure=lambda c: histograms.kl_nats(*_first(c), c.toy.limits),
        about="KL(real || model) of 100x100 histograms in nats",
    ),
    ToyMetric(
        name="jsd_nats",
        **lower("nats, [0, 0.693]"),
        facts=_histogram("nats"),
        measure=lambda c: histograms.jsd_nats(*_first(c), c.toy.limits),
        about="Jensen-Shannon divergence of 100x100 histograms in nats",
    ),
    ToyMetric(
        name="modes_covered",
        **higher("modes"),
        facts={"within": modes.WITHIN},
        toys=_has_modes,
        which="toys with modes",
        measure=_modes_covered,
        about="modes with at least one point within 4 sigma of the centre",
    ),
    ToyMetric(
        name="in_modes",
        varied=True,
        **SHARE,
        facts={"within": modes.WITHIN},
        toys=_has_modes,
        which="toys with modes",
        measure=_in_modes,
        about="share of points within 4 sigma of some centre",
    ),
    ToyMetric(
        name="near_data",
        varied=True,
        **SHARE,
        facts={"points": histograms.POINTS, "share": modes.SHARE},
        measure=lambda c: modes.near_data(c.points[: histograms.POINTS], c.real[: histograms.POINTS]),
        about="share of points no farther from the data than 99 percent of the data are from one another",
    ),
    ToyMetric(
        name="on_branches",
        varied=True,
        **SHARE,
        facts={"gap": modes.GAP},
        toys=_is_sine,
        which="avae-sine",
        measure=lambda c: modes.on_branches(c.points),
        about="share of points with |x2 - cos(x1)| > 0.5 (data: .85)",
    ),
    ToyMetric(
        name="both_branches",
        **SHARE,
        needs="noise",
        facts={"value": "x2 - cos(x1)"},
        toys=_is_sine,
        which="avae-sine",
        measure=lambda c: modes.both_branches(c.resampled),
        about="share of fixed codes that reach both branches as the noise is drawn again",
    ),
    ToyMetric(
        name="cycle_cost",
        varied=True,
        **lower("squared units of the points"),
        needs="again",
        facts={"cost": "sum of squares"},
        measure=_cycle_cost,
        about="squared distance of a drawn point and what becomes of it when it is encoded and decoded",
    ),
    ToyMetric(
        name="code_rank",
        varied=True,
        **SHARE,
        needs="codes",
        facts={"value": "|Spearman(z, x1)|"},
        measure=_code_rank,
        about="rank correlation of a one-dimensional code and the first coordinate",
    ),
)
"""Tables and lists keep this order."""
