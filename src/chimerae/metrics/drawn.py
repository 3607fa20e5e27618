"""The kind of metrics that judge images which a model draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, final, runtime_checkable

from torch import Tensor

from chimerae.metrics.kinds import Fact, Features, Metric, Needs, Subject, named
from chimerae.shapes import Shape, is_image


class Statistic(Protocol):
    """What is gathered of images, or of features of them, batch by batch, and is small beside them."""

    def add(self, images: Tensor, /) -> None:
        """Take in images `[B, C, H, W]` in [0, 1], or features `[B, d]`."""
        ...


@runtime_checkable
class Storable(Statistic, Protocol):
    """A statistic that can be written down, and goes on from what was."""

    def tensors(self) -> Mapping[str, Tensor]:
        """All that it holds."""
        ...

    def restore(self, tensors: Mapping[str, Tensor], /) -> None:
        """Hold what `tensors` gave; a `KeyError` when a part is missing."""
        ...


@final
@dataclass(frozen=True, kw_only=True)
class SampleMetric(Metric):
    """Judges images that a model draws, by a statistic of them and the same statistic of the data."""

    needs: ClassVar[Needs] = "samples"
    features: Features | None = None
    """What the statistic is gathered of; None: the images themselves."""
    gather: Callable[[], Statistic]
    """A new statistic that has seen nothing yet."""
    compare: Callable[[Any, Any], float | tuple[float, float | None]]
    """The value (and its deviation, if there is one), from the statistic of the data and that of samples."""
    facts: Mapping[str, Fact]
    """What its value depends on."""
    suits: Callable[[Subject], str | None] = lambda subject: None
    """Why it says nothing about some images; None when it applies."""
    alone: bool = False
    """It looks at one set at a time. `compare` then gets None for the data; images of the data come in
    random order, because neighbours in a file may be alike.
    """
    bounded: tuple[str, ...] = ()
    """Facts that are never more than there are images of either kind."""
    details: Callable[[Shape], Mapping[str, Fact]] = lambda shape: {}
    """Facts that depend on the shape of an image."""

    def unsuited(self, subject: Subject) -> str | None:
        """Why it says nothing about `subject`; None when it applies."""
        return self.suits(subject) if is_image(subject.shape) else "it judges images"

    def protocol(self, subject: Subject) -> Mapping[str, Fact]:
        """Facts without which its value means nothing."""
        return {**self.facts, **self.details(subject.shape), **named(self.features)}
