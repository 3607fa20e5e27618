"""Images that a model draws, against those of the data: drawn once, and seen by every metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.data import Split
from chimerae.errors import InputError
from chimerae.evaluation.alike import Variety, alike, variance_of
from chimerae.evaluation.features import Views, open_views
from chimerae.evaluation.fitted_priors import FittedPrior, fit_to
from chimerae.evaluation.improved import IMPROVED, PUBLISHED, optimise_codes
from chimerae.evaluation.scores import Results
from chimerae.evaluation.seeded_codec import SeededCodec, by_reason, joined, not_finite, pieces, spread
from chimerae.evaluation.statistics_cache import Memory
from chimerae.evaluation.task import Task
from chimerae.metrics import Fact, Features, SampleMetric, Statistic
from chimerae.run_folder.scores import DATA, Score

SEEN: Final = 2_000
"""Images of the data, at most, from which their variance is computed."""

Key = tuple[Features | None, Callable[[], Statistic]]
Gathered = Mapping[Key, Statistic]


@dataclass(frozen=True)
class Pass:
    """State shared by all batches of an evaluation."""

    task: Task
    metrics: Sequence[SampleMetric]
    views: Views

    def fresh(self, *, compared: bool = False) -> dict[Key, Statistic]:
        """One statistic for each distinct pair of features and `gather`; with `compared` only for metrics
        that compare samples with the data.
        """
        wanted = [metric for metric in self.metrics if not (compared and metric.alone)]
        keys = dict.fromkeys((metric.features, metric.gather) for metric in wanted)
        return {key: key[1]() for key in keys}

    def see(self, statistics: Gathered, images: Tensor, start: int) -> None:
        """Take a batch `[B, C, H, W]` in [0, 1], which follows `start` images, into all statistics."""
        seen = self.views.of(images, [features for features, _ in statistics], start)
        for (features, _), statistic in statistics.items():
            if features in seen:
                statistic.add(seen[features])

    def needed(self, parts: Iterable[tuple[int, int]], statistics: Gathered) -> list[tuple[int, int]]:
        """Those of `parts`, ranges of images in order, that at least one statistic sees."""
        ranges = list(parts)
        n = ranges[-1][1] if ranges else 0
        most = max((self.views.count(features, n) for features, _ in statistics), default=0)
        return [(start, stop) for start, stop in ranges if start < most]


@dataclass(frozen=True)
class Made:
    """Statistics of `n` images of one kind, or the `problem` with them."""

    of: str
    n: int
    problem: str = ""
    statistics: Gathered = field(default_factory=dict)
    alike: str = ""
    """The reason why metrics of variety do not apply; '' when they vary, and for data."""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """Protocol facts of their codes."""
    code: str | None = "prior"
    """Kind of codes that they are made of; None where the method does not state it."""


def measure_samples(task: Task, metrics: Sequence[SampleMetric]) -> Results:
    """Scores of every network's samples, and of the images of the split that they are not compared with."""
    if not metrics:
        return Results()
    work, problems, absent = begun(task, metrics)
    if work is None:
        return Results(absent=absent)
    data, settings = task.data, task.settings
    real, other = (data.train, data.test) if settings.real == "train" else (data.test, data.train)
    n = settings.samples or min(len(data.test), settings.n or len(data.test))
    n_real = min(len(real), settings.n or len(real))
    of_real = of_split(work, real, n_real, work.fresh(compared=True))
    variance = variance_of(real.take(spread(len(real), min(n_real, SEEN))))
    makers = _makers(work, other, n, problems, variance)
    found = compared_with(work, of_real, makers, {"real": real.name, "real_n": n_real})
    return Results(scores=found.scores, absent={**absent, **found.absent})


def begun(
    task: Task, metrics: Sequence[SampleMetric]
) -> tuple[Pass | None, Mapping[str, str], Mapping[str, str]]:
    """A pass for the metrics that can be computed, None where there are none; the problem of each network, ''
    where it has none; and the reasons why the other metrics are absent.
    """
    problems = task.codec.misfits()
    reason = "" if len(task.data.test) else "the test split is empty; hold out a share of the data"
    if not reason and all(problems.values()):
        reason = by_reason(problems)
    if reason:
        return None, problems, {metric.name: reason for metric in metrics}
    views = open_views(metrics, task)
    absent = {metric.name: reason for metric in metrics if (reason := views.reason(metric))}
    there = [metric for metric in metrics if metric.name not in absent]
    return Pass(task, there, views) if there else None, problems, absent


def of_split(work: Pass, split: Split, n: int, statistics: Gathered) -> Gathered:
    """Statistics of `n` images of the split, as `shuffled` orders them.

    Statistics of features are cached for the next model.
    """
    memory = Memory(work.views, work.task.data, split, n, work.task.settings.seed)
    new = {key: each for key, each in statistics.items() if not memory.recall(each, key[0])}
    indices = shuffled(split, n, work.task.settings.seed)
    ranges = work.needed(pieces(n, work.task.settings.batch_size), new)
    for start, stop in ranges:
        work.see(new, split.take(indices[start:stop]).to(work.task.codec.device), start)
        work.task.progress(stop, ranges[-1][1], f"{split.name} images")
    for key, each in new.items():
        memory.keep(each, key[0])
    return statistics


def shuffled(split: Split, n: int, seed: int) -> Tensor:
    """Indices of `n` samples, spread over the split and in random order, `[n]`: some sets are sorted."""
    return spread(len(split), n)[torch.randperm(n, generator=noise.generator("evaluation", seed, "order"))]


def _makers(work: Pass, other: Split, n: int, problems: Mapping[str, str], variance: float) -> Iterator[Made]:
    """Statistics of the split `other`, of `n` samples of each network and, where requested, of improved ones
    and of those from fitted priors. They come one after the other, because those of 50,000 images are large.
    `variance` is that of the data.
    """
    codec, count = work.task.codec, min(n, len(other))
    priors = _fitted_priors(work)
    yield Made(DATA, count, statistics=of_split(work, other, count, work.fresh()))
    for name, problem in problems.items():
        if problem:
            yield Made(name, n, problem)
            continue
        parts = list(pieces(n, codec.batch_size))
        yield _sampled(work, name, name, parts, codec.prior, variance)
        for kind, prior in priors.items():
            codes, called = partial(_from, codec, prior), f"{name}, {kind} prior"
            yield replace(_sampled(work, name, called, parts, codes, variance), facts=prior.facts)
        if work.task.settings.improve and codec.method.encodes:
            codes, called = partial(_improved, codec, name), f"{name}{IMPROVED}"
            few = pieces(n, PUBLISHED.batch_size)
            yield replace(_sampled(work, name, called, few, codes, variance), facts=PUBLISHED.facts)


def _fitted_priors(work: Pass) -> dict[str, FittedPrior]:
    codec, settings = work.task.codec, work.task.settings
    kinds = settings.priors if codec.method.encodes and not codec.cannot_encode() else ()
    return {kind: fit_to(codec, work.task.data.train, kind) for kind in dict.fromkeys(kinds)}


def _from(codec: SeededCodec, prior: FittedPrior, start: int, stop: int) -> Tensor:
    z = prior.codes(start, stop, codec.seed).to(codec.device)
    return codec.with_noise(z, start, "xi of z")


def _improved(codec: SeededCodec, name: str, start: int, stop: int) -> Tensor:
    return optimise_codes(codec, codec.prior(start, stop), name, PUBLISHED)


def _sampled(
    work: Pass,
    network: str,
    called: str,
    parts: Iterable[tuple[int, int]],
    codes: Callable[[int, int], Tensor],
    variance: float,
) -> Made:
    """Statistics of the images that `network` makes of the `codes` of each of `parts`, beside data of summed
    variance `variance`.

    With two decoders both make images, and those of one are thrown away: twice the work, half the memory.
    """
    statistics, variety, spoilt, n = work.fresh(), Variety(), 0, 0
    ranges = work.needed(parts, statistics)
    for start, stop in ranges:
        images = work.task.codec.decode(codes(start, stop))[network]
        spoilt += not_finite(images)
        images = images.nan_to_num().clamp(0, 1)
        work.see(statistics, images, start)
        variety.add(images)
        n = stop
        work.task.progress(stop, ranges[-1][1], f"samples of the {called}")
    problem = f"{spoilt} of {n} samples are not finite" if spoilt else ""
    code = "prior" if work.task.codec.method.has_codes else None
    return Made(called, n, problem, statistics, alike(variety.variance, variance, n), code=code)


def compared_with(work: Pass, real: Gathered, makers: Iterable[Made], against: Mapping[str, Fact]) -> Results:
    """Scores of all makers, metric by metric."""
    scores: dict[str, list[Score]] = {metric.name: [] for metric in work.metrics}
    absent: dict[str, str] = {}
    problems: dict[str, str] = {}
    same: dict[str, str] = {}
    for made in makers:
        problems[made.of], same[made.of] = made.problem, "" if made.problem else made.alike
        for metric in work.metrics if not made.problem else ():
            if metric.varied and made.alike:
                continue
            key = metric.features, metric.gather
            try:
                value = metric.compare(real.get(key), made.statistics[key])
            except InputError as error:
                absent[metric.name] = str(error)
                continue
            scores[metric.name].append(_score(work, metric, made, value, against))
        del made  # before the next one is gathered
    for metric in work.metrics:
        if line := joined(by_reason(problems), by_reason(same) if metric.varied else ""):
            absent.setdefault(metric.name, line)
    return Results(scores=tuple(score for some in scores.values() for score in some), absent=absent)


def _score(
    work: Pass,
    metric: SampleMetric,
    made: Made,
    value: float | tuple[float, float | None],
    against: Mapping[str, Fact],
) -> Score:
    settings, count = work.task.settings, partial(work.views.count, metric.features)
    n, n_real = count(made.n), count(int(str(against["real_n"])))
    protocol = {**metric.protocol(work.task.context), "seed": settings.seed}
    protocol |= work.views.facts(metric.features)
    protocol |= {} if metric.alone else {**against, "real_n": n_real}
    protocol |= {fact: min(metric.facts[fact], n, n_real) for fact in metric.bounded}
    if made.of != DATA:
        protocol |= {} if made.code is None else {"code": made.code}
        protocol |= {**settings.of_networks, **made.facts}
    mean, std = value if isinstance(value, tuple) else (float(value), None)
    name = metric.name + work.views.suffix(metric)
    return Score(metric=name, of=made.of, value=mean, std=std, n=n, better=metric.better, protocol=protocol)
