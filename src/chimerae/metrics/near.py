"""The kind of metrics that look for the training images which are nearest to others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, final

from torch import Tensor

from chimerae.metrics.kinds import Fact, Metric, Needs, Subject
from chimerae.shapes import is_image


@dataclass(frozen=True, kw_only=True)
class Near:
    """Distances of images to the training images nearest to them, nearest first: RMSE in grey levels
    0 to 255.

    Where the data are scored beside networks, all three are of test images.
    """

    made: Tensor
    """Of images that a network drew, `[n, k]`."""
    between: Tensor
    """Of images that it made of codes in the middle between two others, `[m, k]`."""
    test: Tensor
    """Of test images, `[p, k]`."""


@final
@dataclass(frozen=True, kw_only=True)
class NearestMetric(Metric):
    """Judges images that a model makes by the training images nearest to them, pixel by pixel."""

    needs: ClassVar[Needs] = "nearest"
    measure: Callable[[Near], float]
    facts: Mapping[str, Fact]
    """What its value depends on."""
    on: Literal["samples", "middles"] = "samples"
    """What it is about: samples from prior codes, or from codes in the middle between two others."""
    inside: bool = False
    """Says nothing about samples that lie outside the data: noise is a copy of nothing."""

    def unsuited(self, subject: Subject) -> str | None:
        """Why it says nothing about `subject`; None when it applies."""
        return None if is_image(subject.shape) else "it judges images"

    def protocol(self, subject: Subject) -> Mapping[str, Fact]:
        """Facts without which its value means nothing."""
        return self.facts
