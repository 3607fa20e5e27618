"""One battery over every metric."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from math import cos, isfinite
from pathlib import Path
from typing import get_args

import pytest
import torch

from chimerae.errors import InputError
from chimerae.metrics import (
    METRICS,
    Latent,
    LatentMetric,
    Mean,
    Metric,
    MetricContext,
    NearestMetric,
    NeighbourDistances,
    PairMetric,
    ProbeData,
    SampleMetric,
    ToyMetric,
    ToyPoints,
)
from chimerae.metrics.kinds import Needs
from chimerae.shapes import Shape
from tests.helpers.rows import through

PAIRS = [metric for metric in METRICS if isinstance(metric, PairMetric)]
SAMPLES = [m for m in METRICS if isinstance(m, SampleMetric) and m.features is None]
FEATURES = [m for m in METRICS if isinstance(m, SampleMetric) and m.features is not None]
NEAREST = [metric for metric in METRICS if isinstance(metric, NearestMetric)]
LATENT = [metric for metric in METRICS if isinstance(metric, LatentMetric)]
CLOUDS = [metric for metric in METRICS if isinstance(metric, ToyMetric)]
N = 6000


@dataclass(frozen=True)
class Waves:
    """A density that every cloud metric suits: the branches of `avae-sine` with centres of its own."""

    name: str = "avae-sine"
    limits: tuple[float, float] = (-10.0, 10.0)
    sigma: float | None = 0.5

    def centres(self) -> torch.Tensor:
        return torch.tensor([[0.0, 2.0], [0.0, 0.0], [3.0, 0.0], [-3.0, 0.0]])

    def sample(self, n: int, seed: int) -> torch.Tensor:
        z1, z2 = torch.randn(2, n, generator=torch.Generator().manual_seed(seed))
        return torch.stack([3 * z1, (3 * z1).cos() + (3 * z2).tanh()], 1)


SUBJECTS = {
    "images": MetricContext(shape=(3, 12, 12), source="step-edges", z_dim=8, with_labels=True),
    "large": MetricContext(shape=(1, 64, 64), z_dim=8),
    "points": MetricContext(shape=(2,), toy=Waves(), z_dim=1, noise_dim=1),
    "folded": MetricContext(shape=(2,), toy=Waves(name="folded"), labelled=60, classes=2),
    "no encoder": MetricContext(shape=(3, 12, 12), encodes=False),
}


def context_of(metric: Metric) -> MetricContext:
    if isinstance(metric, LatentMetric):
        return SUBJECTS["images" if metric.name == "edge_open" else "folded"]
    if metric.name in ("ms_ssim", "lpips", "lpips_vgg"):
        return SUBJECTS["large"]
    images = isinstance(metric, SampleMetric | NearestMetric) or (
        isinstance(metric, PairMetric) and metric.on == "images"
    )
    return SUBJECTS["images" if images else "points"]


def pairs_for(metric: PairMetric, n: int = 20) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(0)
    x = torch.rand(n, *context_of(metric).shape, generator=g)
    return x, (x + 0.2 * torch.rand(x.shape, generator=g)).clamp(0, 1)


def cloud(points: torch.Tensor | None = None) -> ToyPoints:
    toy = Waves()
    points = toy.sample(N, 1) if points is None else points
    resampled = points[:, None].expand(-1, 2, -1)
    return ToyPoints(
        toy=toy, real=toy.sample(N, 0), points=points, codes=points[:, :1], resampled=resampled, again=points
    )


def ids(metric: Metric) -> str:
    return metric.name


def test_names_are_distinct():
    assert len({metric.name for metric in METRICS}) == len(METRICS)


@through("metric", METRICS, ids=ids)
def test_states_what_tables_need(metric):
    assert metric.name.islower()
    assert metric.better in ("lower", "higher", "data")
    assert metric.needs in get_args(Needs)
    assert metric.unit
    assert metric.about
    assert "\n" not in metric.about
    assert len(metric.about) <= 100


@through("metric", METRICS, ids=ids)
def test_protocol_is_json(metric):
    protocol = metric.protocol(context_of(metric))
    assert protocol
    assert json.loads(json.dumps(protocol))


@through("metric", METRICS, ids=ids)
def test_says_in_one_line_where_it_does_not_apply(metric):
    assert metric.why_not(context_of(metric)) is None
    other = SUBJECTS["images" if context_of(metric) is SUBJECTS["points"] else "points"]
    if isinstance(metric, LatentMetric):
        other = SUBJECTS["no encoder"]
    reason = metric.why_not(other)
    assert reason
    assert "\n" not in reason


@through("metric", PAIRS, ids=ids)
def test_pairs_give_one_finite_value_per_sample_whatever_the_batch(metric):
    x, y = pairs_for(metric)
    whole = metric.measure(x, y)
    assert whole.shape == (20,)
    assert whole.dtype == torch.float64
    assert whole.isfinite().all()
    pieces = torch.cat([metric.measure(a, b) for a, b in zip(x.split(7), y.split(7), strict=True)])
    torch.testing.assert_close(pieces, whole, rtol=1e-12, atol=1e-15)
    order = torch.randperm(20, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(metric.measure(x[order], y[order]), whole[order], rtol=1e-12, atol=1e-15)


@through("metric", PAIRS, ids=ids)
def test_pairs_know_better_from_worse(metric):
    x, y = pairs_for(metric)
    perfect, near, far = (metric.measure(x, x + k * (y - x)) for k in (0.0, 0.2, 1.0))
    sign = 1 if metric.better == "higher" else -1
    if metric.name == "label_agreement":  # yes or no of each pair: shares are told apart, not pairs
        noise = torch.randn(500, 10, generator=torch.Generator().manual_seed(1))
        x, y = noise, noise.roll(1, 0)
        scored = (metric.measure(x, x + k * (y - x)) for k in (0.0, 0.2, 1.0))
        perfect, near, far = (value.mean(0, keepdim=True) for value in scored)
    assert (sign * perfect > sign * near).all()
    assert (sign * near > sign * far).all()


@through("metric", PAIRS, ids=ids)
def test_pairs_leave_their_input_alone(metric):
    x, y = pairs_for(metric)
    before = x.clone(), y.clone()
    metric.measure(x, y)
    assert torch.equal(x, before[0])
    assert torch.equal(y, before[1])


@through("metric", CLOUDS, ids=ids)
def test_clouds_are_finite_for_good_and_broken_models(metric):
    for points in (None, torch.zeros(N, 2), torch.full((N, 2), 1e6), torch.full((N, 2), float("nan"))):
        if metric.needs == "again" and points is not None and not points.isfinite().all():
            with pytest.raises(InputError, match="not finite"):
                metric.measure(cloud(points))
        else:
            assert isfinite(metric.measure(cloud(points)))


@through("metric", [m for m in CLOUDS if m.needs == "points"], ids=ids)
def test_clouds_prefer_the_data_to_a_collapse(metric):
    between = torch.tensor([8.0, cos(8.0)]).expand(N, 2)
    data, collapsed = metric.measure(cloud()), metric.measure(cloud(between))
    assert data < collapsed if metric.better == "lower" else data > collapsed


@through("metric", CLOUDS, ids=ids)
def test_clouds_repeat_to_the_last_digit(metric):
    assert metric.measure(cloud()) == metric.measure(cloud())


def cost(metric: Metric, value: float, data: float) -> float:
    """How far `value` is from the best, when the data themselves have `data`."""
    return {"lower": value, "higher": -value, "data": abs(value - data)}[metric.better]


def edges_of(width: float, n: int = 40, shape: Shape = (3, 12, 12)) -> torch.Tensor:
    """Images `[n, *shape]` of edges at random places, blurred by `width` pixels."""
    places = shape[-1] / 6 * (1 + 4 * torch.rand(n, generator=torch.Generator().manual_seed(0)))
    rows = ((torch.arange(shape[-1]) + 0.5 - places[:, None]) / width).sigmoid()
    return rows[:, None, None].expand(n, *shape).contiguous()


def compared(metric: SampleMetric, made: torch.Tensor, size: int = 40) -> float:
    statistics = metric.gather(), metric.gather()
    real = edges_of(0.01, shape=context_of(metric).shape)
    for statistic, images in zip(statistics, (real, made), strict=True):
        before = images.clone()
        for some in images.split(size):
            statistic.add(some)
        assert torch.equal(images, before)
    return metric.compare(None if metric.alone else statistics[0], statistics[1])


@through("metric", SAMPLES, ids=ids)
def test_samples_are_judged_alike_in_any_batches(metric):
    shape = context_of(metric).shape
    for made in (edges_of(1.0, shape=shape), torch.zeros(40, *shape)):
        assert isfinite(compared(metric, made))
        assert compared(metric, made, 7) == pytest.approx(compared(metric, made), rel=1e-9)


@through("metric", SAMPLES, ids=ids)
def test_samples_like_the_data_are_preferred_to_pale_and_collapsed_ones(metric):
    real = edges_of(0.01, shape=context_of(metric).shape)
    pale = 0.5 * edges_of(1.5, shape=context_of(metric).shape) + 0.25
    collapsed = pale[:1].expand_as(pale)
    alike, worse = compared(metric, real), compared(metric, collapsed if metric.name == "ms_ssim" else pale)
    data = compared(metric, edges_of(0.01, shape=context_of(metric).shape).flip(0))
    assert cost(metric, alike, data) < cost(metric, worse, data)


def near_of(scale: float, n: int = 50) -> NeighbourDistances:
    """Sorted distances of test images; those of the model are `scale` times as large to the nearest."""
    test = 20 + torch.rand(n, 5, generator=torch.Generator().manual_seed(0)).sort(1).values
    made = torch.cat([scale * test[:, :1], test[:, 1:]], 1)
    return NeighbourDistances(made=made, between=made, test=test)


@through("metric", NEAREST, ids=ids)
def test_neighbours_are_judged_the_same_twice(metric):
    for near in (near_of(1.0), near_of(0.0), near_of(1e3)):
        assert isfinite(metric.measure(near))
        assert metric.measure(near) == metric.measure(near)


@through("metric", NEAREST, ids=ids)
def test_neighbours_tell_samples_like_the_data_from_others(metric):
    worse = 0.5 if metric.name == "copied" else 2.0
    assert metric.measure(near_of(1.0)) < metric.measure(near_of(worse))


@through("metric", NEAREST, ids=ids)
def test_no_neighbours_are_one_line(metric):
    none = torch.empty(0, 5)
    with pytest.raises(InputError) as caught:
        metric.measure(NeighbourDistances(made=none, between=none, test=none))
    assert "\n" not in str(caught.value)


BLIND_TO_A_SHIFT = ("inception_score", "variety_efficientnet", "variety_classifier")
"""They see no data, or distances alone."""


def of_features(metric: SampleMetric, made: torch.Tensor, size: int = 300) -> float:
    """The value for features `made` `[n, 6]`, beside features that are standard normal."""
    statistics = metric.gather(), metric.gather()
    real = torch.randn(300, 6, generator=torch.Generator().manual_seed(5))
    for statistic, rows in zip(statistics, (real, made), strict=True):
        for some in rows.split(size):
            statistic.add(some)
    value = metric.compare(*statistics)
    return value[0] if isinstance(value, tuple) else value


@through("metric", FEATURES, ids=ids)
def test_features_are_judged_alike_in_any_batches_and_those_like_the_datas_preferred(metric):
    alike = torch.randn(300, 6, generator=torch.Generator().manual_seed(6))
    found = of_features(metric, alike)
    assert of_features(metric, alike, 7) == pytest.approx(found, rel=1e-6)
    best = of_features(metric, torch.randn(300, 6, generator=torch.Generator().manual_seed(7)))
    for worse in (0.01 * alike, *([] if metric.name in BLIND_TO_A_SHIFT else [alike + 3.0])):
        other = of_features(metric, worse)
        assert isfinite(other)
        told = cost(metric, other, best) > cost(metric, found, best)
        # samples all alike in the middle are precise and lie deep among images: recall and coverage tell
        assert told or (worse.std() < 1 and metric.name.startswith(("precision", "density")))


def latent_of(spread: float, n: int = 60) -> Latent:
    """Codes of points of `folded`, on both signs; the farther from the prior the larger `spread`."""
    g = torch.Generator().manual_seed(0)
    z, prior = torch.randn(2, n, 2, generator=g)
    draws = z[:, None] * (torch.randint(2, (n, 32, 1), generator=g) * 2 - 1)
    samples = torch.cat([z[:, :1].abs(), torch.zeros(n, 1)], 1)
    return Latent(
        codes=z * spread + (spread - 1),
        prior=prior,
        samples=samples,
        resampled=draws + spread - 1,
        seed=0,
        means=z * spread + (spread - 1),
        kl=(z * spread + (spread - 1)).square() / 2,
        probe_data=ProbeData(codes=z, classes=(z[:, 0] > 0).long(), asked=(z[:, 0] > 0).long()),
    )


def suited(metric: LatentMetric, latent: Latent) -> Latent:
    """`latent` with samples that `metric` is for."""
    return replace(latent, samples=edges_of(0.01, 60)) if metric.name == "edge_open" else latent


@through("metric", LATENT, ids=ids)
def test_codes_are_judged_the_same_twice(metric):
    for codes in (suited(metric, latent_of(spread)) for spread in (1.0, 1e-6, 1e6)):
        value = metric.measure(codes)
        assert isfinite(value)
        assert value == metric.measure(codes)


@through(
    "metric", [m for m in LATENT if m.name not in ("code_information", "edge_open", "active_units")], ids=ids
)
def test_codes_like_the_prior_are_preferred_to_distant_ones(metric):
    near, far = metric.measure(latent_of(1.0)), metric.measure(latent_of(5.0))
    assert near < far if metric.better == "lower" else near > far


@through("metric", METRICS, ids=ids)
def test_has_its_place_in_the_documentation(metric):
    page = (Path(__file__).resolve().parents[2] / "docs" / "metrics.md").read_text("utf-8")
    assert f"`{metric.name}`" in page


def test_mean_streams_every_pair_metric():
    for metric in PAIRS:
        x, y = pairs_for(metric)
        total = Mean()
        for a, b in zip(x.split(7), y.split(7), strict=True):
            total.add(metric.measure(a, b))
        assert total.value == pytest.approx(float(metric.measure(x, y).mean()), rel=1e-12)
