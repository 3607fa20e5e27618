"""Best available evidence of a network's reconstruction, realism, variety and copies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chimerae.report import names, rules
from chimerae.report.read import RunFolder
from chimerae.report.rules import step_of
from chimerae.report.seen import Seen, see
from chimerae.run_folder.scores import DATA, TRAIN, Score

ENCODER: Final = "encoder"
FAMILIES: Final = (*(f"_{network}" for network in names.FAMILIES), "")
"""Endings of metrics on features, the preferred ones first: the first needs no labels."""
LEFT_OUT: Final = (", improved", ", gaussian prior", ", mixture prior")
"""Endings of the names of other samples of a network; these are no networks of their own."""


@dataclass(frozen=True)
class Measured:
    """A value, and the data's own."""

    metric: str
    value: float
    data: float | None = None

    @property
    def share(self) -> float | None:
        """The value over the data's own; None where that is unknown or 0."""
        return self.value / self.data if self.data else None


@dataclass(frozen=True)
class Findings:
    """Everything that the rules use about one network of one run."""

    network: str
    scores: Mapping[str, Measured]
    """Scores by metric, without the set of labels in brackets."""
    error: float | None = None
    """Squared error of reconstructions over the mean image's."""
    detail: float | None = None
    """Fine detail of reconstructions over that of their originals."""
    spread: float | None = None
    """Variance of samples over that of the data; known only for the network that generates."""

    def first(self, *names: str) -> Measured | None:
        """The first of several metrics that has a finite value."""
        return next((self.scores[name] for name in names if name in self.scores), None)

    def of_features(self, stem: str) -> Measured | None:
        """A metric on features, of the preferred family that has it."""
        return self.first(*(stem + family for family in FAMILIES))

    @property
    def varied(self) -> bool:
        """True when samples are about as varied as the data; False also where that is unknown."""
        distance = self.of_features("variety")
        if distance is not None:
            return step_of(rules.DISTANCE, distance.value).good
        return self.spread is not None and step_of(rules.SPREAD, self.spread).good

    def realism(self) -> float | None:
        """The smaller of precision and density on the same features, each over the data's own.

        For varied samples the share of coverage over `rules.COVERAGE_OF_REAL` counts as well. If they cover
        little of the data, they do not look like them, even with a high precision of wide balls.
        """
        for family in FAMILIES:
            precision, density, coverage = (
                self._share(stem + family) for stem in ("precision", "density", "coverage")
            )
            if precision is not None and density is not None:
                least = min(precision, density)
                if coverage is None or not self.varied:
                    return least
                return min(least, coverage / rules.COVERAGE_OF_REAL)
        return None

    def _share(self, metric: str) -> float | None:
        return self.scores[metric].share if metric in self.scores else None


def findings(run: RunFolder) -> list[Findings]:
    """Findings about every decoding network of a run, in the order of the scores, else of the pictures.

    Raises:
        InputError: a picture of the run cannot be read.
    """
    seen = see(run)
    measures = next((entry.drawn for entry in reversed(run.log) if entry.drawn), {})
    networks = _networks(run, seen)
    return [_found(run, name, seen, measures, last=name == networks[-1]) for name in networks]


def _networks(run: RunFolder, seen: Seen) -> list[str]:
    scored = [score.of for score in run.scores if score.of not in (DATA, ENCODER)]
    names = list(dict.fromkeys(name for name in scored if not name.endswith(LEFT_OUT)))
    return names or list(seen.error) or ([""] if seen.spread is not None else [])


def _found(run: RunFolder, name: str, seen: Seen, measures: Mapping[str, float], *, last: bool) -> Findings:
    """Findings about one network; pictures and log describe samples of the `last` one only."""
    error = seen.error.get(name)
    if error is None and last:
        error = _finite(measures.get("rec_error"))
    spread = _finite(measures.get("variety")) if seen.spread is None else seen.spread
    return Findings(
        network=name,
        scores=measured(run.scores, name),
        error=error,
        detail=seen.detail.get(name),
        spread=spread if last else None,
    )


def measured(scores: Sequence[Score], network: str) -> dict[str, Measured]:
    """Finite values of a network by metric, each with the data's own, without those of training images."""
    own = {s.metric: s.value for s in scores if s.of == DATA and math.isfinite(s.value)}
    return {
        s.metric.partition("[")[0]: Measured(s.metric, s.value, own.get(s.metric))
        for s in scores
        if s.of == network and math.isfinite(s.value) and not s.metric.endswith(TRAIN)
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
