"""Codes of test samples against the prior, and repeated draws from posteriors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import torch
from torch import Tensor

from chimerae.data import Split
from chimerae.errors import InputError
from chimerae.evaluation.latents import Latents
from chimerae.evaluation.scores import Results
from chimerae.evaluation.seeded_codec import SeededCodec, noise_rows, part, pieces, spread
from chimerae.evaluation.settings import Evaluation
from chimerae.evaluation.task import Task
from chimerae.metrics import Fact, Latent, LatentMetric, ProbeData
from chimerae.metrics.probe import MOST as PROBE_SAMPLES
from chimerae.run_folder.scores import Score

MOST: Final = 2_000
"""Largest number of test samples to encode."""
SEEN: Final = 64
DRAWS: Final = 128
"""Number of samples whose posterior is drawn again, and of draws for each."""
ENCODER: Final = "encoder"


def measure_codes(task: Task, metrics: Sequence[LatentMetric]) -> Results:
    """Scores of the encoder."""
    if not metrics:
        return Results()
    codec, train, test, settings = task.codec, task.data.train, task.data.test, task.settings
    reason = codec.cannot_encode()
    if len(test) < 2:
        reason = "it needs two test samples or more; hold out a share of the data"
    if not reason:
        latent = encoded(codec, test, settings, resample=any(metric.resamples for metric in metrics))
        if any(metric.learns for metric in metrics):
            latent = replace(latent, probe_data=_probe_data(codec, train, test, settings))
        task.progress(len(latent.codes), len(latent.codes), "codes")
        if not all(bool(x.isfinite().all()) for x in (latent.codes, latent.resampled, latent.kl)):
            reason = "codes are not finite"
    if reason:
        return Results(absent={metric.name: reason for metric in metrics})
    facts: dict[str, Fact] = {"split": test.name, "seed": settings.seed, **settings.of_networks}
    scores: list[Score] = []
    absent: dict[str, str] = {}
    for metric in metrics:
        try:
            scores.append(
                Score(
                    metric=metric.name,
                    of=ENCODER,
                    value=metric.measure(latent),
                    n=len(latent.codes),
                    better=metric.better,
                    protocol={**metric.protocol(task.context), **facts},
                )
            )
        except InputError as error:
            absent[metric.name] = str(error)
    return Results(scores=tuple(scores), absent=absent, latents=_latents(codec, latent.means))


def _latents(codec: SeededCodec, means: Tensor) -> dict[str, Any]:
    """Statistics of the mean codes `[n, z]` by channel, where codes are maps; else empty."""
    shape = codec.code_shape
    if len(shape) != 3:
        return {}
    found = Latents()
    found.add(means.unflatten(1, shape))
    return {"shape": list(shape), "n": len(means), "code": "mean", **found.facts}


def encoded(codec: SeededCodec, test: Split, settings: Evaluation, *, resample: bool) -> Latent:
    """Codes of at most 2,000 samples of `test`; with `resample` also 128 draws for each of the first 64."""
    indices = spread(len(test), _count(settings))
    samples, y = test.take(indices), test.labels_of(indices)
    seen = samples[:SEEN] if resample else samples[:0]
    cuts = pieces(len(samples), settings.batch_size)
    codes, means, kl = zip(
        *(codec.described(samples[a:b], a, "code", part(y, a, b)) for a, b in cuts), strict=True
    )
    resampled = [
        torch.cat(
            [
                codec.posterior(seen[a:b], a, f"again {i}", part(y, a, b))
                for a, b in pieces(len(seen), settings.batch_size)
            ]
        )
        for i in range(DRAWS if resample else 0)
    ]
    prior = noise_rows(0, len(indices), codec.method.z_dim, settings.seed, "prior of codes")
    return Latent(
        codes=torch.cat(codes),
        prior=prior,
        samples=samples,
        resampled=torch.stack(resampled, 1) if resampled else torch.empty(0, DRAWS, codec.method.z_dim),
        seed=settings.seed,
        means=torch.cat(means),
        kl=torch.cat(kl),
    )


def probe_rows(train: Split, test: Split) -> Tensor:
    """Indices of the training samples for a classifier of codes, at most 5,000; none without labels."""
    return spread(0 if train.labels is None or test.labels is None else len(train), PROBE_SAMPLES)


def _probe_data(codec: SeededCodec, train: Split, test: Split, settings: Evaluation) -> ProbeData | None:
    if train.labels is None or test.labels is None:
        return None
    rows = probe_rows(train, test)
    cuts = pieces(len(rows), settings.batch_size)
    codes = [codec.posterior(train.take(rows[a:b]), a, "lesson", train.labels_of(rows[a:b])) for a, b in cuts]
    asked = test.labels[spread(len(test), _count(settings))]
    return ProbeData(codes=torch.cat(codes), classes=train.labels[rows], asked=asked)


def _count(settings: Evaluation) -> int:
    return min(settings.n or MOST, MOST)
