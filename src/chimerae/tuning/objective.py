"""The objective of a search: one metric, or the geometric mean of several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, isfinite, log
from statistics import fmean
from typing import Final

from chimerae.data import TOYS, source_info
from chimerae.errors import InputError, unknown
from chimerae.evaluation import Results
from chimerae.metrics import metrics_of
from chimerae.run_folder.scores import Score
from chimerae.runs.run import Run

AT: Final = "@"
"""Sign between a metric and its network."""


@dataclass(frozen=True)
class Objective:
    """Metrics with their networks, and the number that a search makes small."""

    terms: tuple[tuple[str, str], ...]
    """Metric and network."""

    @property
    def names(self) -> tuple[str, ...]:
        """Metric and network of each term in one word."""
        return tuple(f"{metric}{AT}{network}" for metric, network in self.terms)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics."""
        return tuple(dict.fromkeys(metric for metric, _ in self.terms))

    def values(self, results: Results) -> dict[str, float]:
        """The value of each term.

        Raises:
            InputError: a term was not measured.
        """
        found = {(score.metric, score.of): score for score in results.scores}
        return {name: _there(found, results, term) for name, term in zip(self.names, self.terms, strict=True)}

    def cost(self, values: Mapping[str, float]) -> float:
        """The number that a search makes small.

        One term: its value, negative where higher is better. Several: the geometric mean of their values,
        inverse where higher is better.

        Raises:
            InputError: a value is not finite, or not above 0 where it is one of several.
        """
        signs = [_sign(metric) for metric, _ in self.terms]
        for name, value in values.items():
            if not isfinite(value):
                raise InputError(f"{name} is {value}")
            if len(self.terms) > 1 and value <= 0:
                raise InputError(f"{name} is {value:g}, and a geometric mean needs values above 0")
        if len(self.terms) == 1:
            return signs[0] * values[self.names[0]]
        return exp(fmean(sign * log(values[name]) for sign, name in zip(signs, self.names, strict=True)))


def objective_of(run: Run, asked: Sequence[str]) -> Objective:
    """The objective `asked` for, or the default one of the run's method and data.

    Args:
        run: the settings that all trials share.
        asked: names of metrics, `metric` or `metric@network`; the network that draws samples where none is
            named.

    Raises:
        InputError: a metric or network is unknown, or a metric has no direction, or there is no default.
    """
    terms = []
    for word in dict.fromkeys(asked or _default(run)):
        metric, _, network = word.partition(AT)
        _sign(metric)
        outputs = (*run.method.decoders, *(["encoder"] if run.method.encodes else []))
        if network and network not in outputs:
            raise unknown("network", network, outputs)
        terms.append((metric, network or _network(metric, run)))
    return Objective(tuple(terms))


def _default(run: Run) -> tuple[str, ...]:
    """The distance of samples to the data, and the error of reconstructions, as far as there are any."""
    method = run.method
    if source_info(run.data, run.prepare).kind == "images":
        if not method.generates:
            return ("perceptual_efficientnet",)
        return ("fd_efficientnet", "fvu") if method.encodes else ("fd_efficientnet",)
    if method.generates and any(run.data == toy.name for toy in TOYS):
        return ("jsd_nats",)
    if method.encodes:
        return ("mse_points",)
    raise InputError(f"no metric judges samples of {run.data} by default; name one with --objective")


def _network(metric: str, run: Run) -> str:
    """The network whose output `metric` measures, unless another is named."""
    codes = metrics_of([metric])[0].needs == "latent"
    return "encoder" if codes else run.method.decoders[-1]


def _sign(metric: str) -> int:
    """1 where lower is better, -1 where higher is."""
    better = metrics_of([metric])[0].better
    if better == "data":
        raise InputError(f"{metric} is best near the data's own value: it has no direction to search in")
    return 1 if better == "lower" else -1


def _there(found: Mapping[tuple[str, str], Score], results: Results, term: tuple[str, str]) -> float:
    metric, network = term
    if term in found:
        return found[term].value
    others = _listed(of for name, of in found if name == metric)
    why = results.absent.get(metric) or (f"there are {others}" if others else "it does not apply")
    raise InputError(f"{metric} of {network} is not measured: {why}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
