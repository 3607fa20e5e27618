"""Images that a model draws, against those of the data: drawn once, and seen by every metric."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from chimerae import noise
from chimerae.data import Split
from chimerae.errors import InputError
from chimerae.evaluation.bench import by_reason, not_finite, pieces, spread
from chimerae.evaluation.improved import IMPROVED, PUBLISHED, moved
from chimerae.evaluation.remembered import Memory
from chimerae.evaluation.scores import DATA, Results, Score
from chimerae.evaluation.task import Task
from chimerae.evaluation.views import Views, open_views
from chimerae.metrics import Fact, Features, SampleMetric, Statistic

_Key = tuple[Features | None, Callable[[], Statistic]]
_Gathered = Mapping[_Key, Statistic]


@dataclass(frozen=True)
class _Pass:
    """What is the same for all batches of an evaluation."""

    task: Task
    metrics: Sequence[SampleMetric]
    views: Views

    def fresh(self, *, compared: bool = False) -> dict[_Key, Statistic]:
        """One statistic for all metrics that gather the same of the same; with `compared` for those only
        that compare samples with the data.
        """
        wanted = [metric for metric in self.metrics if not (compared and metric.alone)]
        keys = dict.fromkeys((metric.features, metric.gather) for metric in wanted)
        return {key: key[1]() for key in keys}

    def see(self, statistics: _Gathered, images: Tensor) -> None:
        """Take a batch `[B, C, H, W]` in [0, 1] into all statistics."""
        seen = self.views.of(images, [features for features, _ in statistics])
        for (features, _), statistic in statistics.items():
            statistic.add(seen[features])


def measure_samples(task: Task, metrics: Sequence[SampleMetric]) -> Results:
    """Scores of every network's samples, and of the images of the split that they are not compared with."""
    if not metrics:
        return Results()
    bench, data, settings = task.bench, task.data, task.settings
    if not len(data.test):
        return _none(metrics, "the test split is empty; hold out a share of the data")
    problems = bench.misfits()
    if all(problems.values()):
        return _none(metrics, by_reason(problems))
    views = open_views(metrics, task)
    absent = {metric.name: reason for metric in metrics if (reason := views.reason(metric))}
    there = [metric for metric in metrics if metric.name not in absent]
    if not there:
        return Results(absent=absent)
    work = _Pass(task, there, views)
    real, other = (data.train, data.test) if settings.real == "train" else (data.test, data.train)
    n = settings.samples or min(len(data.test), settings.n or len(data.test))
    n_real = min(len(real), settings.n or len(real))
    of_real = _of_split(work, real, n_real, work.fresh(compared=True))
    n_other = min(n, len(other))
    gathered = {DATA: (_of_split(work, other, n_other, work.fresh()), n_other)}
    made, spoilt = _of_networks(work, n, problems)
    gathered |= {name: (statistics, n) for name, statistics in made.items()}
    problems |= {name: f"{k} of {n} samples are not finite" for name, k in spoilt.items() if k}
    against: dict[str, Fact] = {"real": real.name, "real_n": n_real}
    found = _results(work, of_real, gathered, problems, against)
    return Results(scores=found.scores, absent=absent | dict(found.absent))


def _none(metrics: Sequence[SampleMetric], reason: str) -> Results:
    return Results(absent={metric.name: reason for metric in metrics})


def _of_split(work: _Pass, split: Split, n: int, statistics: _Gathered) -> _Gathered:
    """What is gathered of `n` images, spread over the split and in random order: some sets are sorted.

    What is gathered of features is kept for the next model.
    """
    memory = Memory(work.views, work.task.data, split, n, work.task.settings.seed)
    new = {key: each for key, each in statistics.items() if not memory.recall(each, key[0])}
    order = torch.randperm(n, generator=noise.generator("evaluation", work.task.settings.seed, "order"))
    indices = spread(len(split), n)[order]
    for start, stop in pieces(n, work.task.settings.batch_size) if new else ():
        work.see(new, split.take(indices[start:stop]).to(work.task.bench.device))
        work.task.progress(stop, n, f"{split.name} images")
    for key, each in new.items():
        memory.keep(each, key[0])
    return statistics


def _of_networks(
    work: _Pass, n: int, problems: Mapping[str, str]
) -> tuple[dict[str, _Gathered], dict[str, int]]:
    gathered = {name: work.fresh() for name, problem in problems.items() if not problem}
    spoilt = dict.fromkeys(gathered, 0)
    for stop, named in _drawn(work, n, list(gathered)):
        for name, images in named.items():
            spoilt[name] = spoilt.get(name, 0) + not_finite(images)
            work.see(gathered.setdefault(name, work.fresh()), images.nan_to_num().clamp(0, 1))
        work.task.progress(stop, n, "samples")
    return dict(gathered), spoilt


def _drawn(work: _Pass, n: int, networks: Sequence[str]) -> Iterator[tuple[int, dict[str, Tensor]]]:
    """Images of `networks` from `n` prior codes, batch by batch, each with how many there are by then; then
    those of improved codes where they are asked for.
    """
    bench = work.task.bench
    for start, stop in pieces(n, bench.batch_size):
        made = bench.decode(bench.prior(start, stop))
        yield stop, {name: made[name] for name in networks}
    if not (work.task.settings.improve and bench.method.encodes):
        return
    for name in networks:
        for start, stop in pieces(n, PUBLISHED.batch_size):
            z = moved(bench.method, bench.nets, bench.prior(start, stop), name, PUBLISHED)
            yield stop, {f"{name}{IMPROVED}": bench.decode(z)[name]}


def _results(
    work: _Pass,
    real: _Gathered,
    gathered: Mapping[str, tuple[_Gathered, int]],
    problems: Mapping[str, str],
    against: Mapping[str, Fact],
) -> Results:
    scores: list[Score] = []
    absent: dict[str, str] = {}
    for metric in work.metrics:
        if line := by_reason(problems):
            absent[metric.name] = line
        key = metric.features, metric.gather
        for name, (statistics, n) in gathered.items():
            if problems.get(name):
                continue
            try:
                value = metric.compare(real.get(key), statistics[key])
            except InputError as error:
                absent[metric.name] = str(error)
                continue
            of_network = work.views.facts(metric.features)
            protocol = {**metric.protocol(work.task.subject), "seed": work.task.settings.seed, **of_network}
            protocol |= {} if metric.alone else against
            if name != DATA:
                protocol |= {"code": "prior", **work.task.settings.of_networks}
            if name.endswith(IMPROVED):
                protocol |= PUBLISHED.facts
            scores.append(_score(metric, metric.name + work.views.suffix(metric), name, value, n, protocol))
    return Results(scores=tuple(scores), absent=absent)


def _score(
    metric: SampleMetric,
    called: str,
    of: str,
    value: float | tuple[float, float | None],
    n: int,
    protocol: Mapping[str, Fact],
) -> Score:
    mean, std = value if isinstance(value, tuple) else (float(value), None)
    return Score(metric=called, of=of, value=mean, std=std, n=n, better=metric.better, protocol=protocol)
