"""The kind of metrics that judge codes, and what they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from chimerae.metrics.kinds import Fact, Metric, Needs, Subject


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Codes of training samples, and the classes of those and of the test samples."""

    codes: Tensor
    """One draw from the posterior of each, `[m, z]`."""
    classes: Tensor
    """Of these, `[m]`, int64."""
    asked: Tensor
    """Of the test samples of `Latent`, `[n]`, int64."""


@dataclass(frozen=True, kw_only=True)
class Latent:
    """What an encoder makes of test samples, in units of the prior's deviation."""

    codes: Tensor
    """One draw from the posterior of each sample, `[n, z]`: draws from the aggregate posterior."""
    prior: Tensor
    """As many draws from the prior, `[n, z]`."""
    samples: Tensor
    """What they are the codes of, `[n, ...]`."""
    redrawn: Tensor
    """Posteriors of the first few samples, drawn again and again, `[m, draws, z]`."""
    seed: int
    """Of permutations and the like."""
    means: Tensor
    """Means of the posteriors, `[n, z]`; where a posterior is a single code, that code."""
    kl: Tensor
    """KL of each posterior to the prior in nats, dimension by dimension, `[n, z]`; it means nothing where
    posteriors have no density.
    """
    lesson: Lesson | None = None
    """What a classifier of codes learns from and is asked; None where there are no labels."""


@final
@dataclass(frozen=True, kw_only=True)
class LatentMetric(Metric):
    """Judges codes: against the prior, or by what they tell of their samples."""

    needs: ClassVar[Needs] = "latent"
    measure: Callable[[Latent], float]
    facts: Mapping[str, Fact]
    """What its value depends on."""
    learns: bool = False
    """It needs a `Latent.lesson`."""
    suits: Callable[[Subject], str | None] = lambda subject: None
    """Why it says nothing about some data; None when it applies."""

    def unsuited(self, subject: Subject) -> str | None:
        """Why it says nothing about `subject`; None when it applies."""
        return self.suits(subject) if subject.encodes else "it needs an encoder"

    def protocol(self, subject: Subject) -> Mapping[str, Fact]:
        """Facts without which its value means nothing."""
        learnt: dict[str, Fact] = {"train": subject.labelled} if self.learns else {}
        return {**self.facts, **learnt}
