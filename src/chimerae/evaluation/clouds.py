"""Points that a model draws, against fresh points of the toy density that it learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.data import Toy
from chimerae.errors import InputError
from chimerae.evaluation.bench import Bench, by_reason, not_finite
from chimerae.evaluation.scores import Results, Score
from chimerae.evaluation.settings import Evaluation
from chimerae.metrics import Cloud, CloudMetric, Fact, Subject
from chimerae.progress import Progress

POINTS: Final = 10_000
"""Points drawn of each network: what ALI counts modes with, and enough for every other metric."""
CODES: Final = 64
DRAWS: Final = 256
"""Fixed codes, and draws of the noise for each."""
DATA: Final = "data"
"""Name under which a second draw of the density itself is scored: the best that any model could get."""


def measure_clouds(
    bench: Bench,
    toy: Toy,
    metrics: Sequence[CloudMetric],
    subject: Subject,
    settings: Evaluation,
    progress: Progress,
) -> Results:
    """Scores of every network's points from prior codes, and of the density itself."""
    if not metrics:
        return Results()
    noisy = any(metric.needs == "noise" for metric in metrics)
    clouds = draw_clouds(bench, toy, settings.seed, redraw=noisy)
    progress(POINTS, POINTS, "points")
    problems = {name: _problem(cloud) for name, cloud in clouds.items()}
    scores: list[Score] = []
    absent: dict[str, str] = {}
    for metric in metrics:
        if line := by_reason(problems):
            absent[metric.name] = line
        for name, cloud in clouds.items():
            if problems[name] or (name == DATA and metric.needs != "points"):
                continue
            try:
                scores.append(_score(metric, name, cloud, subject, settings))
            except InputError as error:
                absent[metric.name] = str(error)
    return Results(scores=tuple(scores), absent=absent)


def draw_clouds(bench: Bench, toy: Toy, seed: int, *, redraw: bool) -> Mapping[str, Cloud]:
    """The density's own cloud (a second draw), then that of every network."""
    real, again = (
        toy.sample(POINTS, noise.generator("evaluation", seed, what)) for what in ("real", "real again")
    )
    z = bench.prior(0, POINTS)
    codes = z[:, : bench.method.z_dim].cpu()
    made = bench.decode_all(z)
    redrawn = _redrawn(bench, z[:CODES, : bench.method.z_dim]) if redraw else {}
    none = torch.empty(0, 0, 2)
    clouds = {DATA: Cloud(toy=toy, real=real, points=again, codes=codes[:, :0], redrawn=none)}
    for name, points in made.items():
        draws = redrawn.get(name, none)
        clouds[name] = Cloud(toy=toy, real=real, points=points.cpu(), codes=codes, redrawn=draws)
    return clouds


def _redrawn(bench: Bench, z: Tensor) -> dict[str, Tensor]:
    codes = bench.with_noise(z.repeat_interleave(DRAWS, 0), 0, "xi again")
    made = bench.decode_all(codes)
    return {name: x.cpu().reshape(len(z), DRAWS, *x.shape[1:]) for name, x in made.items()}


def _problem(cloud: Cloud) -> str:
    if cloud.points.shape != cloud.real.shape:
        return f"it makes samples of shape {tuple(cloud.points.shape[1:])}, not points of the plane"
    spoilt = not_finite(cloud.points)
    return f"{spoilt} of {len(cloud.points)} points are not finite" if spoilt else ""


def _score(metric: CloudMetric, name: str, cloud: Cloud, subject: Subject, settings: Evaluation) -> Score:
    n = metric.facts.get("points", len(cloud.points))
    facts: dict[str, Fact] = {**metric.protocol(subject), "toy": cloud.toy.name, "seed": settings.seed}
    if name != DATA:
        facts |= {"code": "prior", "bn": settings.bn}
        if settings.bn == "batch":
            facts["batch_size"] = settings.batch_size
    if metric.needs == "noise":
        n = CODES
        facts["draws"] = DRAWS
    value = float(metric.measure(cloud))
    return Score(
        metric=metric.name, of=name, value=value, n=int(str(n)), better=metric.better, protocol=facts
    )
