"""What a metric is: something measured, and what tables and readers need to know about it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, final, runtime_checkable

from torch import Tensor

from chimerae.shapes import Shape, is_image

Needs = Literal["pairs", "points", "codes", "noise", "again", "samples", "nearest", "latent"]
Better = Literal["lower", "higher", "data"]
"""Which way a metric improves; `data`: towards what the data themselves have, from either side."""
Posterior = Literal["density", "point", "drawn"]
"""A distribution with a mean and a density, a single code, or a code drawn from an unknown distribution."""
Fact = str | int | float | tuple[float, ...]
"""A fact of a protocol: something JSON can hold."""
Features = tuple[str, str]
"""A feature network and one of its layers."""


class Density(Protocol):
    """A toy density, as far as metrics are concerned."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def limits(self) -> tuple[float, float]:
        """Edges, on both axes, of the square that histograms cover."""
        ...

    @property
    def sigma(self) -> float | None:
        """Deviation of every mode on each axis; None when there are no modes."""
        ...

    def centres(self) -> Tensor:
        """Centres of the modes `[M, 2]`, `[0, 2]` when there are none."""
        ...


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is measured: samples of some shape, perhaps of a toy, and a model with codes of some size."""

    shape: Shape
    source: str = ""
    """Name of the data."""
    toy: Density | None = None
    encodes: bool = True
    posterior: Posterior = "density"
    """What the encoder makes of a sample."""
    z_dim: int = 1
    noise_dim: int = 0
    with_labels: bool = False
    """There are labels, its own or those of a set that was named, to train a network of features on."""
    labelled: int = 0
    """Training samples with labels that a classifier of codes learns from."""
    classes: int = 0
    """Classes among them."""


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


@dataclass(frozen=True, kw_only=True)
class Metric(ABC):
    """What every metric states of itself. Concrete ones: `PairMetric`, `SampleMetric`, `NearestMetric`,
    `LatentMetric`, `CloudMetric`.
    """

    name: str
    better: Better
    unit: str
    """Range or unit of the values."""
    about: str
    """One line for lists."""

    @property
    @abstractmethod
    def needs(self) -> Needs:
        """What it is computed from."""

    @abstractmethod
    def unsuited(self, subject: Subject) -> str | None:
        """Why it says nothing about `subject`; None when it applies."""

    @abstractmethod
    def protocol(self, subject: Subject) -> Mapping[str, Fact]:
        """Facts without which its value means nothing."""


@final
@dataclass(frozen=True, kw_only=True)
class PairMetric(Metric):
    """Compares each original with its reconstruction; the score is the mean over samples."""

    needs: ClassVar[Needs] = "pairs"
    on: Literal["images", "points"]
    features: Features | None = None
    """What is compared of them; None: the samples themselves."""
    measure: Callable[[Tensor, Tensor], Tensor]
    """Originals and reconstructions `[B, ...]`, or features of them, in, one value per sample `[B]` out."""
    range: str
    """In which the values that are compared lie."""
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
        return {**facts, **_named(self.features), **self.details(subject.shape)}


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
    details: Callable[[Shape], Mapping[str, Fact]] = lambda shape: {}
    """Facts that depend on the shape of an image."""

    def unsuited(self, subject: Subject) -> str | None:
        """Why it says nothing about `subject`; None when it applies."""
        return self.suits(subject) if is_image(subject.shape) else "it judges images"

    def protocol(self, subject: Subject) -> Mapping[str, Fact]:
        """Facts without which its value means nothing."""
        return {**self.facts, **self.details(subject.shape), **_named(self.features)}


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


def _named(features: Features | None) -> dict[str, Fact]:
    """The part of a protocol that names features."""
    return {} if features is None else {"features": " ".join(features)}
