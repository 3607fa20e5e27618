"""Reconstructions against their originals, as two sets of images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch

from chimerae.evaluation.samples import Made, Pass, begun, compared_with, of_split, shuffled
from chimerae.evaluation.scores import Results
from chimerae.evaluation.seeded_codec import not_finite, pieces
from chimerae.evaluation.task import Task
from chimerae.metrics import SampleMetric


def measure_rebuilt(task: Task, metrics: Sequence[SampleMetric]) -> Results:
    """Scores of every network's reconstructions of the test split, as a set beside that of the originals.

    A network of features that sees only some images sees the same ones of both sets.
    """
    if not metrics:
        return Results()
    work, problems, absent = begun(task, metrics)
    if work is None:
        return Results(absent=absent)
    test = task.data.test
    n = min(len(test), task.settings.n or len(test))
    originals = of_split(work, test, n, work.fresh())
    made = _reconstructed(work, n, problems)
    found = compared_with(work, originals, made, {"real": test.name, "real_n": n})
    return Results(scores=found.scores, absent={**absent, **found.absent})


def _reconstructed(work: Pass, n: int, problems: Mapping[str, str]) -> Iterator[Made]:
    """Statistics of each network's reconstructions of the images that `of_split` takes."""
    codec, test, settings = work.task.codec, work.task.data.test, work.task.settings
    networks = [name for name, problem in problems.items() if not problem]
    gathered, spoilt, seen = {name: work.fresh() for name in networks}, dict.fromkeys(networks, 0), 0
    indices = shuffled(test, n, settings.seed)
    ranges = work.needed(pieces(n, settings.batch_size), gathered[networks[0]])
    for start, stop in ranges:
        rows = indices[start:stop]
        made = codec.decode(codec.codes(test.take(rows), start, test.labels_of(rows)))
        for name in networks:
            spoilt[name] += not_finite(made[name])
            work.see(gathered[name], torch.nan_to_num(made[name]).clamp(0, 1), start)
        seen = stop
        work.task.progress(stop, ranges[-1][1], "reconstructions beside originals")
    for name, problem in problems.items():
        if not problem and spoilt[name]:
            problem = f"{spoilt[name]} of {seen} reconstructions are not finite"
        yield Made(name, n, problem, gathered.get(name, {}), code=codec.code_kind)
