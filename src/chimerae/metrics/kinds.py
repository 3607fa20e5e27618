"""The base class of metrics: a measurement, and the facts that tables and readers need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from torch import Tensor

from chimerae.metrics.scales import Better
from chimerae.shapes import Shape

Needs = Literal[
    "pairs", "points", "codes", "noise", "again", "samples", "reconstructions", "nearest", "latent"
]
Posterior = Literal["density", "point", "implicit"]
"""A distribution with a mean and a density, a single code, or a code drawn from an unknown distribution."""
Fact = str | int | float | tuple[float, ...]
"""A fact of a protocol, which JSON can hold."""
Features = tuple[str, str]
"""A feature network and one of its layers."""


class Density(Protocol):
    """A toy density, as metrics see it."""

    @property
    def name(self) -> str:
        """Its name."""
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
class MetricContext:
    """Data and model that are measured: shape of samples, toy density, size of codes."""

    shape: Shape
    source: str = ""
    """Name of the data."""
    toy: Density | None = None
    encodes: bool = True
    generates: bool = True
    """True when samples can be drawn from the prior."""
    with_codes: bool = True
    """False where codes are unknown or mean nothing: nothing can then be said about them."""
    posterior: Posterior = "density"
    """Kind of the encoder's posterior."""
    z_dim: int = 1
    noise_dim: int = 0
    with_labels: bool = False
    """True when there are labels, its own or those of a named set, to train a network of features on."""
    labelled: int = 0
    """Training samples with labels that a classifier of codes learns from."""
    classes: int = 0
    """Classes among them."""


Suits = Callable[[MetricContext], str | None]


@dataclass(frozen=True, kw_only=True)
class Metric(ABC):
    """Facts that every metric states. Concrete ones: `PairMetric`, `SampleMetric`, `NearestMetric`,
    `LatentMetric`, `ToyMetric`.
    """

    name: str
    better: Better
    unit: str
    """Range or unit of the values."""
    about: str
    """One line for lists."""
    varied: bool = False
    """True: it means nothing for samples that are all alike, since at most one of them decides it."""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """Facts on which the value depends."""
    suits: Suits = lambda context: None
    """Gives the reason why it does not apply to some data; None when it applies."""

    @property
    @abstractmethod
    def needs(self) -> Needs:
        """The input that it is computed from."""

    @abstractmethod
    def why_not(self, context: MetricContext) -> str | None:
        """The reason why it does not apply to `context`; None when it applies."""

    def protocol(self, context: MetricContext) -> Mapping[str, Fact]:
        """Facts that give its value a meaning."""
        return self.facts


def no_samples(context: MetricContext) -> str | None:
    """The reason why there are no samples to judge; None when there are some."""
    return None if context.generates else "the method draws no samples"


def no_codes(context: MetricContext) -> str | None:
    """The reason why there are no codes to judge; None when there are some."""
    return None if context.with_codes else "its codes are not known"


def feature_facts(features: Features | None) -> dict[str, Fact]:
    """The part of a protocol that names features."""
    return {} if features is None else {"features": " ".join(features)}


def labelled(context: MetricContext) -> str | None:
    """The reason why there is no classifier of labels; None when there are labels."""
    another = "name a set that has: chimerae evaluate RUN --labels cifar10"
    return None if context.with_labels else f"it has no labels; {another}"
