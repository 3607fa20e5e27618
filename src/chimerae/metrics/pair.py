"""The kind of metrics that compare originals and reconstructions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, final

from torch import Tensor

from chimerae.metrics.kinds import Fact, Features, Metric, Needs, Subject, named
from chimerae.shapes import Shape, is_image


@final
@dataclass(frozen=True, kw_only=True)
class PairMetric(Metric):
    """Compares each original with its reconstruction; the score is the mean over samples, or that mean over
    the mean image's.
    """

    needs: ClassVar[Needs] = "pairs"
    on: Literal["images", "points"]
    features: Features | None = None
    """What is compared of them; None: the samples themselves."""
    measure: Callable[[Tensor, Tensor], Tensor]
    """Originals and reconstructions `[B, ...]`, or features of them, in, one value per sample `[B]` out."""
    range: str
    """In which the values that are compared lie."""
    over_variance: bool = False
    """The mean is divided by what `measure` says of originals and the mean of all originals."""
    details: Callable[[Shape], Mapping[str, Fact]] = lambda shape: {}
    """Facts that depend on the shape of a sample."""
    suits: Callable[[Subject], str | None] = lambda subject: None
    """Why it says nothing about some samples; None when it applies."""

    def unsuited(self, subject: Subject) -> str | None:
        """Why it says nothing about `subject`; None when it applies."""
        if is_image(subject.shape) != (self.on == "images"):
            return f"it compares {self.on}"
        return self.suits(subject)

    def protocol(self, subject: Subject) -> Mapping[str, Fact]:
        """Facts without which its value means nothing."""
        facts: dict[str, Fact] = {"range": self.range, "reduction": "per sample, then mean"}
        if self.over_variance:
            facts["over"] = "that of the mean original"
        return {**facts, **named(self.features), **self.details(subject.shape)}
