"""Images that a model draws, against the test split: every batch is drawn once, and seen by every metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.data import Split
from chimerae.errors import InputError
from chimerae.evaluation.bench import Bench, by_reason, not_finite, pieces, spread
from chimerae.evaluation.scores import Results, Score
from chimerae.evaluation.settings import Evaluation
from chimerae.metrics import Fact, SampleMetric, Statistic, Subject
from chimerae.progress import Progress

DATA: Final = "data"
"""Name under which as many training images are scored: what an ideal model would get."""

_Gathered = Mapping[Callable[[], Statistic], Statistic]


def measure_samples(
    bench: Bench,
    train: Split,
    test: Split,
    metrics: Sequence[SampleMetric],
    subject: Subject,
    settings: Evaluation,
    progress: Progress,
) -> Results:
    """Scores of every network's samples, as many as there are test images, and of training images."""
    if not metrics:
        return Results()
    if not len(test):
        return Results(
            absent={m.name: "the test split is empty; hold out a share of the data" for m in metrics}
        )
    problems = bench.misfits()
    if all(problems.values()):
        return Results(absent=dict.fromkeys((m.name for m in metrics), by_reason(problems)))
    n = min(len(test), settings.n or len(test))
    real = _of_split(test, n, [m for m in metrics if not m.alone], settings)
    seen = {DATA: min(n, len(train))}
    gathered = {DATA: _of_split(train, seen[DATA], metrics, settings)}
    made, spoilt = _of_networks(bench, n, metrics, problems, progress)
    gathered |= made
    problems |= {name: f"{k} of {n} samples are not finite" for name, k in spoilt.items() if k}
    return _results(metrics, real, gathered, problems, dict.fromkeys(made, n) | seen, subject, settings)


def _of_split(split: Split, n: int, metrics: Sequence[SampleMetric], settings: Evaluation) -> _Gathered:
    """`n` images, evenly spread: in order, and in random order for metrics that look at them alone."""
    statistics: dict[Callable[[], Statistic], Statistic] = {}
    indices = spread(len(split), n)
    mixed = torch.randperm(len(indices), generator=noise.generator("evaluation", settings.seed, "order"))
    for alone, order in ((False, indices), (True, indices[mixed])):
        fresh = _fresh([m for m in metrics if m.alone == alone])
        for start, stop in pieces(len(order) if fresh else 0, settings.batch_size):
            _see(fresh, split.take(order[start:stop]))
        statistics |= fresh
    return statistics


def _of_networks(
    bench: Bench,
    n: int,
    metrics: Sequence[SampleMetric],
    problems: Mapping[str, str],
    progress: Progress,
) -> tuple[dict[str, _Gathered], dict[str, int]]:
    gathered = {name: _fresh(metrics) for name, problem in problems.items() if not problem}
    spoilt = dict.fromkeys(gathered, 0)
    for start, stop in pieces(n, bench.batch_size):
        for name, images in bench.decode(bench.prior(start, stop)).items():
            if name in gathered:
                spoilt[name] += not_finite(images)
                _see(gathered[name], images.clamp(0, 1))
        progress(stop, n, "samples")
    return dict(gathered), spoilt


def _fresh(metrics: Sequence[SampleMetric]) -> dict[Callable[[], Statistic], Statistic]:
    """One statistic for all metrics that gather the same."""
    return {gather: gather() for gather in dict.fromkeys(metric.gather for metric in metrics)}


def _see(statistics: _Gathered, images: Tensor) -> None:
    for statistic in statistics.values():
        statistic.add(images)


def _results(
    metrics: Sequence[SampleMetric],
    real: _Gathered,
    gathered: Mapping[str, _Gathered],
    problems: Mapping[str, str],
    seen: Mapping[str, int],
    subject: Subject,
    settings: Evaluation,
) -> Results:
    """`seen`: how many images of each set."""
    scores: list[Score] = []
    absent: dict[str, str] = {}
    for metric in metrics:
        if line := by_reason(problems):
            absent[metric.name] = line
        for name, statistics in gathered.items():
            if problems.get(name):
                continue
            try:
                value = metric.compare(real.get(metric.gather), statistics[metric.gather])
            except InputError as error:
                absent[metric.name] = str(error)
                continue
            scores.append(
                Score(
                    metric=metric.name,
                    of=name,
                    value=float(value),
                    n=seen[name],
                    better=metric.better,
                    protocol=_protocol(metric, name, subject, settings),
                )
            )
    return Results(scores=tuple(scores), absent=absent)


def _protocol(metric: SampleMetric, name: str, subject: Subject, settings: Evaluation) -> dict[str, Fact]:
    against: dict[str, Fact] = {} if metric.alone else {"real": "test"}
    facts: dict[str, Fact] = {**metric.protocol(subject), **against, "seed": settings.seed}
    if name == DATA:
        return facts
    return facts | {"code": "prior", **settings.of_networks}
