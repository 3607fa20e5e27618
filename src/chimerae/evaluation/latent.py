"""Codes of test samples against the prior, and posteriors drawn again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch

from chimerae.data import Split
from chimerae.evaluation.bench import Bench, noise_rows, pieces, spread
from chimerae.evaluation.scores import Results, Score
from chimerae.evaluation.settings import Evaluation
from chimerae.metrics import Fact, Latent, LatentMetric, Subject
from chimerae.progress import Progress

MOST: Final = 2_000
"""Test samples that are encoded."""
SEEN: Final = 64
DRAWS: Final = 128
"""Samples whose posterior is drawn again, and how often."""
ENCODER: Final = "encoder"


def measure_latent(
    bench: Bench,
    test: Split,
    metrics: Sequence[LatentMetric],
    subject: Subject,
    settings: Evaluation,
    progress: Progress,
) -> Results:
    """Scores of the encoder."""
    if not metrics:
        return Results()
    reason = bench.cannot_encode()
    if len(test) < 2:
        reason = "it needs two test samples or more; hold out a share of the data"
    if not reason:
        latent = look(bench, test, settings)
        progress(len(latent.codes), len(latent.codes), "codes")
        if not bool(latent.codes.isfinite().all()) or not bool(latent.redrawn.isfinite().all()):
            reason = "codes are not finite"
    if reason:
        return Results(absent={metric.name: reason for metric in metrics})
    facts: dict[str, Fact] = {"split": test.name, "seed": settings.seed, **settings.of_networks}
    scores = tuple(
        Score(
            metric=metric.name,
            of=ENCODER,
            value=metric.measure(latent),
            n=len(latent.codes),
            better=metric.better,
            protocol={**metric.protocol(subject), **facts},
        )
        for metric in metrics
    )
    return Results(scores=scores)


def look(bench: Bench, test: Split, settings: Evaluation) -> Latent:
    """Codes of at most 2,000 samples of `test`, and 128 draws for each of the first 64 of them."""
    indices = spread(len(test), min(settings.n or MOST, MOST))
    samples = test.take(indices)
    seen = samples[:SEEN]
    codes = [bench.posterior(samples[a:b], a, "code") for a, b in pieces(len(samples), settings.batch_size)]
    redrawn = [
        torch.cat(
            [bench.posterior(seen[a:b], a, f"again {i}") for a, b in pieces(len(seen), settings.batch_size)]
        )
        for i in range(DRAWS)
    ]
    prior = noise_rows(0, len(indices), bench.method.z_dim, settings.seed, "prior of codes")
    return Latent(
        codes=torch.cat(codes),
        prior=prior,
        samples=samples,
        redrawn=torch.stack(redrawn, 1),
        seed=settings.seed,
    )
