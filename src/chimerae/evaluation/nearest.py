"""Images that a model makes, and the training images nearest to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.data import Split
from chimerae.errors import InputError
from chimerae.evaluation.alike import alike, outside, variance_of
from chimerae.evaluation.scores import Results
from chimerae.evaluation.seeded_codec import SeededCodec, by_reason, not_finite, part, pieces, spread
from chimerae.evaluation.settings import Evaluation
from chimerae.evaluation.task import Task
from chimerae.metrics import Fact, NearestMetric, NeighbourDistances
from chimerae.metrics.nearest import nearest
from chimerae.run_folder.scores import DATA, Score

TRAIN: Final = 50_000
"""Training images that are searched, at most, evenly spread over the split."""
VALUES: Final = 2**24
"""Pixels of a block of training images, and distances to it, at most: bounds memory."""


def neighbours(
    images: Tensor, train: Split, device: torch.device, most: int | None = None
) -> tuple[Tensor, Tensor]:
    """Distances of `images` `[n, C, H, W]` in [0, 1] to the nearest training images, RMSE in grey levels, and
    their numbers in `train`, both `[n, k]` on the CPU, nearest first; computed on `device`. At most `most`
    training images are searched, `TRAIN` when it is not given.
    """
    indices = spread(len(train), TRAIN if most is None else most)
    distances, which = nearest(images.to(device), _blocks(train, indices, len(images)))
    return distances.cpu(), indices[which.cpu()]


def _blocks(train: Split, indices: Tensor, n: int) -> Iterator[Tensor]:
    rows = max(1, VALUES // max(prod(train.shape), n))
    return (train.raw(part) for part in indices.split(rows))


MOST: Final = 1_000
"""Images of each kind whose neighbours are searched, at most."""


def measure_nearest(task: Task, metrics: Sequence[NearestMetric]) -> Results:
    """Scores of every network and of test images."""
    if not metrics:
        return Results()
    codec, train, test, settings = task.codec, task.data.train, task.data.test, task.settings
    problems, line = codec.misfits(), ""
    if not len(test):
        line = "the test split is empty; hold out a share of the data"
    elif all(problems.values()):
        line = by_reason(problems)
    if line:
        return Results(absent={metric.name: line for metric in metrics})
    rows = spread(len(test), min(settings.n or MOST, MOST))
    real, labels = test.take(rows), test.labels_of(rows)
    middles = any(metric.on == "middles" for metric in metrics)
    near, broken, varieties = _distances(task, real, labels, problems, middles=middles)
    problems |= {name: f"{k} images are not finite" for name, k in broken.items() if k}
    facts: dict[str, Fact] = {"train": min(len(train), TRAIN), "seed": settings.seed}
    absent: dict[str, str] = {}
    scores = []
    for metric in metrics:
        empty = {of: line for of in near if (line := _says_nothing(metric, of, near[of], varieties))}
        if line := by_reason({**problems, **empty}):
            absent[metric.name] = line
        try:
            scores += [_score(task, metric, of, near[of], facts) for of in near if of not in empty]
        except InputError as error:
            absent[metric.name] = str(error)
    return Results(scores=tuple(scores), absent=absent)


def _says_nothing(
    metric: NearestMetric, of: str, near: NeighbourDistances, varieties: Mapping[str, float]
) -> str:
    """The reason why `metric` is meaningless for the network `of`; '' when it has a meaning, and for data."""
    if of == DATA:
        return ""
    same = alike(varieties[of], varieties[DATA], len(near.made)) if metric.varied else ""
    return same or (outside(near.made, near.test) if metric.inside else "")


def _distances(
    task: Task, real: Tensor, labels: Tensor | None, problems: Mapping[str, str], *, middles: bool
) -> tuple[dict[str, NeighbourDistances], dict[str, int], dict[str, float]]:
    """Distances to training images, numbers of images that are not finite, and variances, by network.

    Distances and variances include those of test images. They leave out networks with images that are not
    finite. Networks with a problem have no entry. Without `middles`, distances of images in the middle
    between two are empty.
    """
    codec, train = task.codec, task.data.train
    own = neighbours(real, train, codec.device)[0]
    near, broken = {DATA: NeighbourDistances(made=own, between=own, test=own)}, {}
    made = codec.decode_all(codec.prior(0, codec.count(len(real))))
    between = _between(codec, real, labels, task.settings) if middles else dict.fromkeys(made, real[:0])
    varieties = {DATA: variance_of(real)}
    names = [name for name, problem in problems.items() if not problem]
    for i, name in enumerate(names):
        sets = made[name], between[name]
        broken[name] = sum(map(not_finite, sets))
        if not broken[name]:
            samples, halfway = (neighbours(x, train, codec.device)[0] if len(x) else own[:0] for x in sets)
            near[name] = replace(near[DATA], made=samples, between=halfway)
            varieties[name] = variance_of(made[name])
        task.progress(i + 1, len(names), "networks beside training images")
    return near, broken, varieties


def _between(
    codec: SeededCodec, real: Tensor, labels: Tensor | None, settings: Evaluation
) -> dict[str, Tensor]:
    """Every network's images of codes in the middle between two of `real` with their `labels`, or between
    two prior codes where there is no encoder; a middle keeps the noise of one of them.
    """
    if codec.method.encodes:
        cuts = pieces(len(real), settings.batch_size)
        z = torch.cat([codec.codes(real[a:b], a, part(labels, a, b)) for a, b in cuts])
        z = z[torch.randperm(len(z), generator=noise.generator("evaluation", settings.seed, "mates"))]
    else:
        z = codec.prior(0, len(real))
    a, b = z[: len(z) // 2], z[len(z) // 2 :][: len(z) // 2]
    middle = codec.walk(a, b, 3)[:, 1]
    return codec.decode_all(middle) if len(middle) else dict.fromkeys(codec.misfits(), real[:0])


def _score(
    task: Task, metric: NearestMetric, of: str, near: NeighbourDistances, facts: dict[str, Fact]
) -> Score:
    protocol = {**metric.protocol(task.context), **facts}
    if of != DATA:
        ends = "test images" if task.codec.method.encodes else "prior"
        code = "prior" if metric.on == "samples" else f"middle, {ends}"
        protocol |= {"code": code} if task.codec.method.has_codes else {}
        protocol |= task.settings.of_networks
    return Score(
        metric=metric.name,
        of=of,
        value=metric.measure(near),
        n=len(near.made if metric.on == "samples" else near.between),
        better=metric.better,
        protocol=protocol,
    )
