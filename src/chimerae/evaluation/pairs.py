"""One pass over a split: reconstruct each sample once, and let every metric see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor

from chimerae.data import Split
from chimerae.errors import InputError
from chimerae.evaluation.features import Views, open_views
from chimerae.evaluation.scores import Results
from chimerae.evaluation.seeded_codec import SeededCodec, by_reason, not_finite, pieces, spread
from chimerae.evaluation.settings import Evaluation
from chimerae.evaluation.task import Task
from chimerae.metrics import Fact, Mean, MetricContext, PairMetric, RunningVariance
from chimerae.run_folder.scores import TRAIN, Score


@dataclass
class _Tally:
    """Running means per metric and network, and the problems with them."""

    metrics: Sequence[PairMetric]
    views: Views
    means: dict[tuple[str, str], Mean] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    spoilt: dict[str, int] = field(default_factory=dict)
    variance: RunningVariance = field(default_factory=RunningVariance)
    """Variance of the originals."""

    def see(self, x: Tensor) -> None:
        """Take in originals, before their reconstructions are added."""
        if any(metric.over_variance for metric in self.metrics):
            self.variance.add(x)

    def unit(self, metric: PairMetric) -> float:
        """Divisor of the mean of a metric; 0 where all originals are alike."""
        return self.variance.value if metric.over_variance else 1.0

    def add(self, x: Tensor, made: Mapping[str, Tensor]) -> None:
        """Take in originals and each network's reconstructions of them."""
        for network, y in made.items():
            self.spoilt[network] = self.spoilt.get(network, 0) + not_finite(y)
        for metric in self.metrics:
            if metric.name in self.absent:
                continue
            try:
                values = self.views.compared(metric, x, made)
            except InputError as error:
                self.absent[metric.name] = str(error)
                continue
            for network, of_network in values.items():
                self.means.setdefault((metric.name, network), Mean()).add(of_network)


def measure_pairs(task: Task, metrics: Sequence[PairMetric]) -> Results:
    """Scores of every network's reconstructions of the test split and, where requested, of the training
    split.
    """
    found = _of_split(task, metrics, task.data.test)
    if not task.settings.rebuild_train:
        return found
    more = _of_split(task, metrics, task.data.train)
    named = (replace(score, metric=score.metric + TRAIN) for score in more.scores)
    return Results(scores=(*found.scores, *named), absent={**more.absent, **found.absent})


def _of_split(task: Task, metrics: Sequence[PairMetric], split: Split) -> Results:
    """Scores of every network's reconstructions of one split."""
    codec, settings = task.codec, task.settings
    reason, misfits = "", codec.misfits()
    if not codec.method.encodes:
        reason = f"{codec.method.name} has no encoder: it cannot reconstruct"
    elif all(misfits.values()):
        reason = by_reason(misfits)
    elif len(split) == 0:
        reason = f"the {split.name} split is empty; hold out a share of the data"
    if reason or not metrics:
        return Results(absent={metric.name: reason for metric in metrics})
    views = open_views(metrics, task)
    absent = {metric.name: reason for metric in metrics if (reason := views.reason(metric))}
    tally = _Tally([metric for metric in metrics if metric.name not in absent], views)
    indices = spread(len(split), settings.n)
    for start, stop in pieces(len(indices), settings.batch_size):
        x = split.take(indices[start:stop])
        tally.see(x)
        made = codec.decode(codec.codes(x, start, split.labels_of(indices[start:stop])))
        tally.add(x.to(codec.device), {network: y for network, y in made.items() if not misfits[network]})
        task.progress(stop, len(indices), f"{split.name} samples")
    n = len(indices)
    spoilt = {name: f"{k} of {n} reconstructions are not finite" for name, k in tally.spoilt.items() if k}
    found = _results(tally, {**misfits, **spoilt}, _protocol(codec, split, n, settings), task.context)
    return Results(scores=found.scores, absent=absent | dict(found.absent))


def _protocol(codec: SeededCodec, split: Split, n: int, settings: Evaluation) -> dict[str, Fact]:
    facts: dict[str, Fact] = {"split": split.name, "n": n, "seed": settings.seed, **settings.of_networks}
    return facts if codec.code_kind is None else facts | {"code": codec.code_kind}


def _results(
    tally: _Tally, problems: dict[str, str], facts: dict[str, Fact], context: MetricContext
) -> Results:
    scores, line = [], by_reason(problems)
    for metric in tally.metrics:
        if metric.name in tally.absent:
            continue
        unit = tally.unit(metric)
        if line or not unit:
            tally.absent[metric.name] = line or "all originals are alike"
        protocol = {**metric.protocol(context), **facts, **tally.views.facts(metric.features)}
        for (name, network), mean in tally.means.items():
            if name == metric.name and unit and not problems.get(network):
                scores.append(
                    Score(
                        metric=name + tally.views.suffix(metric),
                        of=network,
                        value=mean.value / unit,
                        std=None if mean.std is None else mean.std / unit,
                        n=mean.n,
                        better=metric.better,
                        protocol=protocol,
                    )
                )
    return Results(scores=tuple(scores), absent=tally.absent)
