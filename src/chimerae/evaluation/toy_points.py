"""Points that a model draws, against fresh points of the toy density that it learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.data import Toy
from chimerae.errors import InputError
from chimerae.evaluation.alike import ONE_POINT, alike, variance_of
from chimerae.evaluation.improved import IMPROVED, Improve, optimise_codes
from chimerae.evaluation.scores import Results
from chimerae.evaluation.seeded_codec import SeededCodec, by_reason, joined, not_finite, pieces
from chimerae.evaluation.settings import Evaluation
from chimerae.evaluation.task import Task
from chimerae.metrics import Fact, MetricContext, ToyMetric, ToyPoints
from chimerae.run_folder.scores import DATA, Score

POINTS: Final = 10_000
"""Points drawn from each network: ALI's number for counting modes, and enough for every other metric."""
CODES: Final = 64
DRAWS: Final = 256
"""Fixed codes, and draws of the noise for each."""
IMPROVE: Final = Improve(batch_size=POINTS)
"""Settings of the published code, with all points in one batch."""


def measure_toy_points(task: Task, metrics: Sequence[ToyMetric]) -> Results:
    """Scores of every network's points from prior codes, and of the density itself."""
    codec, toy, settings = task.codec, task.data.toy, task.settings
    if not metrics or toy is None:
        return Results()
    noisy = any(metric.needs == "noise" for metric in metrics)
    clouds = draw_toy_points(codec, toy, settings.seed, resample=noisy)
    if settings.improve and codec.method.encodes:
        clouds = {**clouds, **improved_toy_points(codec, clouds)}
    task.progress(POINTS, POINTS, "points")
    problems = {name: _problem(cloud) for name, cloud in clouds.items()}
    scores: list[Score] = []
    absent: dict[str, str] = {}
    for metric in metrics:
        if line := by_reason(problems):
            absent[metric.name] = line
        for name, cloud in clouds.items():
            if problems[name] or not _has(cloud, name, metric):
                continue
            if metric.varied and (line := _alike(cloud)):
                absent[metric.name] = joined(absent.get(metric.name, ""), f"{name}: {line}")
                continue
            try:
                scores.append(_score(metric, name, cloud, task.context, settings))
            except InputError as error:
                absent[metric.name] = str(error)
    return Results(scores=tuple(scores), absent=absent)


def draw_toy_points(codec: SeededCodec, toy: Toy, seed: int, *, resample: bool) -> Mapping[str, ToyPoints]:
    """A second draw of the density's own points, then the points of every network."""
    real, again = (
        toy.sample(POINTS, noise.generator("evaluation", seed, what)) for what in ("real", "real again")
    )
    z = codec.prior(0, POINTS)
    codes = z[:, : codec.method.z_dim].cpu()
    made = codec.decode_all(z)
    resampled = _resampled(codec, z[:CODES, : codec.method.z_dim]) if resample else {}
    none = torch.empty(0, 0, 2)
    clouds = {
        DATA: ToyPoints(toy=toy, real=real, points=again, codes=codes[:, :0], resampled=none, again=again[:0])
    }
    for name, points in made.items():
        draws = resampled.get(name, none)
        back = _again(codec, points, z, name)
        clouds[name] = ToyPoints(
            toy=toy, real=real, points=points.cpu(), codes=codes, resampled=draws, again=back.cpu()
        )
    return clouds


def improved_toy_points(codec: SeededCodec, clouds: Mapping[str, ToyPoints]) -> dict[str, ToyPoints]:
    """Points of every network once more, from codes optimised so that their points survive being encoded and
    decoded (as by `chimerae sample --improve`).
    """
    made = {}
    for name, cloud in clouds.items():
        if name == DATA:
            continue
        z = optimise_codes(codec, codec.prior(0, POINTS), name, IMPROVE)
        points = torch.cat([codec.decode(z[a:b])[name] for a, b in pieces(POINTS, codec.batch_size)])
        back = _again(codec, points, z, name)
        made[f"{name}{IMPROVED}"] = replace(
            cloud, points=points.cpu(), codes=z[:, : codec.method.z_dim].cpu(), again=back.cpu()
        )
    return made


@torch.no_grad()
def _again(codec: SeededCodec, points: Tensor, z: Tensor, name: str) -> Tensor:
    """`points` `[n, 2]` encoded (at the mean) and decoded by the network `name`, with the noise of `z`."""
    if not codec.method.encodes or tuple(points.shape[1:]) != codec.shape:
        return points[:0]
    with noise.placed(0, "evaluation", codec.seed, "again"):
        return codec.again(points, z, name)


def _resampled(codec: SeededCodec, z: Tensor) -> dict[str, Tensor]:
    codes = codec.with_noise(z.repeat_interleave(DRAWS, 0), 0, "xi again")
    made = codec.decode_all(codes)
    return {name: x.cpu().reshape(len(z), DRAWS, *x.shape[1:]) for name, x in made.items()}


def _has(cloud: ToyPoints, name: str, metric: ToyMetric) -> bool:
    """True when points suit a metric: data lack codes, and improved codes lack further draws."""
    if metric.needs == "noise":
        return len(cloud.resampled) > 0 and not name.endswith(IMPROVED)
    return name != DATA or metric.needs == "points"


def _problem(cloud: ToyPoints) -> str:
    if cloud.points.shape != cloud.real.shape:
        return f"it makes samples of shape {tuple(cloud.points.shape[1:])}, not points of the plane"
    spoilt = not_finite(cloud.points)
    return f"{spoilt} of {len(cloud.points)} points are not finite" if spoilt else ""


def _alike(cloud: ToyPoints) -> str:
    made, real = variance_of(cloud.points), variance_of(cloud.real)
    return alike(made, real, len(cloud.points), below=ONE_POINT)


def _score(
    metric: ToyMetric, name: str, cloud: ToyPoints, context: MetricContext, settings: Evaluation
) -> Score:
    n = metric.facts.get("points", len(cloud.points))
    facts: dict[str, Fact] = {**metric.protocol(context), "toy": cloud.toy.name, "seed": settings.seed}
    if name != DATA:
        facts |= {"code": "prior", **settings.of_networks}
        facts |= IMPROVE.facts if name.endswith(IMPROVED) else {}
    if metric.needs == "noise":
        n = CODES
        facts["draws"] = DRAWS
    value = float(metric.measure(cloud))
    return Score(
        metric=metric.name, of=name, value=value, n=int(str(n)), better=metric.better, protocol=facts
    )
