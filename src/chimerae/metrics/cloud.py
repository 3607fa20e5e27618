"""The kind of metrics that judge points against the toy density that a model learnt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

from torch import Tensor

from chimerae.metrics.kinds import Density, Fact, Metric, Needs, Subject


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Points that a network made of codes, beside points of the toy density it learnt."""

    toy: Density
    real: Tensor
    """Fresh points of the density, `[n, 2]`."""
    points: Tensor
    """Points of the network, `[n, 2]`."""
    codes: Tensor
    """Codes they were made of, `[n, z]`; `[n, 0]` for points that no network made."""
    redrawn: Tensor
    """Points of a few codes with the noise drawn again and again, `[codes, draws, 2]`."""
    again: Tensor
    """`points` encoded and decoded again, `[n, 2]`; `[0, 2]` for points that no network made."""


@final
@dataclass(frozen=True, kw_only=True)
class CloudMetric(Metric):
    """Judges the points that a model draws against the toy density it learnt."""

    needs: Needs = "points"
    measure: Callable[[Cloud], float]
    facts: Mapping[str, Fact]
    """What its value depends on."""
    suits: Callable[[Density], bool] = lambda toy: True
    which: str = "toys"
    """The toys that it suits, in words."""

    def unsuited(self, subject: Subject) -> str | None:
        """Why it says nothing about `subject`; None when it applies."""
        if subject.toy is None:
            return "it needs a toy density, whose points can be drawn"
        if not self.suits(subject.toy):
            return f"it is for {self.which}, not for {subject.toy.name}"
        if self.needs == "codes" and subject.z_dim != 1:
            return f"it is for one-dimensional codes, not for {subject.z_dim}"
        if self.needs == "again" and not subject.encodes:
            return "it needs an encoder"
        if self.needs == "noise" and subject.noise_dim == 0:
            return "it needs a generator that takes noise beside the code"
        return None

    def protocol(self, subject: Subject) -> Mapping[str, Fact]:
        """Facts without which its value means nothing."""
        toy = subject.toy
        binned: dict[str, Fact] = {} if toy is None or "bins" not in self.facts else {"limits": toy.limits}
        return {**self.facts, **binned}
