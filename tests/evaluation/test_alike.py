"""Metrics that mean nothing of samples that are all alike, or lie outside the data, say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from chimerae.data import Prepared, prepare
from chimerae.evaluation import Evaluation, Results, evaluate
from chimerae.evaluation.alike import Variety, variance_of
from chimerae.metrics import METRICS
from chimerae.nets import Nets
from tests.evaluation.evaluation_stubs import IMAGE, Sampler, Twin, built, labelled


class OneImage(nn.Module):
    """Draws one sample and the same for every code, up to `noise` times something that depends on it."""

    def __init__(self, sample: torch.Tensor, noise: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("sample", sample)
        self.noise = noise

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        own = torch.stack([torch.sin(1000 * k * z.sum(1)) for k in range(1, self.sample.numel() + 1)], 1)
        return self.sample + self.noise * own.reshape(-1, *self.sample.shape)


def drawn(given: Prepared, module: nn.Module, **settings: object) -> Results:
    return evaluate(Sampler(), Nets({"generator": module}), given, Evaluation(**settings))


def of_generator(results: Results) -> set[str]:
    return {s.metric for s in results.scores if s.of == "generator"}


IMAGES = {"copied", "interpolation_rmse", "precision_classifier", "density_classifier"}


@pytest.mark.parametrize("place", ["a training image", "grey"])
def test_one_image_drawn_again_and_again(place: str):
    given = labelled()
    image = 2 * given.train.take([0])[0] - 1 if place == "a training image" else torch.zeros(IMAGE)
    results = drawn(given, OneImage(image))
    assert not IMAGES & of_generator(results)
    assert {"nearest_train", "recall_classifier", "coverage_classifier"} <= of_generator(results)
    for name in IMAGES:
        assert (
            results.absent[name] == "generator: its 50 samples are alike (variance under 0.1% of the data's)"
        )
    assert {s.metric for s in results.scores if s.of == "data"} >= IMAGES


@pytest.mark.parametrize(("noise", "scored"), [(0.02, False), (0.7, True)])
def test_a_little_noise_is_no_variety(noise: float, scored: bool):
    given = labelled()
    results = drawn(given, OneImage(torch.zeros(IMAGE), noise))
    assert ("density_classifier" in of_generator(results)) == scored
    assert ("interpolation_rmse" in of_generator(results)) == scored


def test_the_network_that_varies_keeps_its_scores():
    given = labelled()
    nets = built(Twin(), IMAGE)
    nets.modules["generator"] = OneImage(torch.zeros(IMAGE))
    results = evaluate(Twin(), nets, given, Evaluation(metrics=("interpolation_rmse",)))
    assert {s.of for s in results.scores} == {"data", "decoder"}
    assert results.absent["interpolation_rmse"].startswith("generator: its 50 samples are alike")


def test_noise_far_from_all_data_is_a_copy_of_nothing():
    given = labelled()
    dark = {
        name: replace(split, stored=split.stored // 8)
        for name, split in (("train", given.train), ("test", given.test))
    }
    results = drawn(replace(given, **dark), OneImage(torch.zeros(IMAGE), 1.0), metrics=("copied",))
    assert "copied" not in of_generator(results)
    assert results.absent["copied"].startswith("generator: its samples lie outside the data (")
    near = drawn(given, ByHeart(given), metrics=("copied",))
    assert of_generator(near) == {"copied"}


class ByHeart(nn.Module):
    """Draws training images, chosen by the code."""

    def __init__(self, given: Prepared) -> None:
        super().__init__()
        self.register_buffer("seen", given.train.take(range(len(given.train))))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return 2 * self.seen[(1000 * z[:, 0]).long() % len(self.seen)] - 1


POINTS = {"in_modes", "near_data", "cycle_cost"}


@pytest.mark.parametrize(("noise", "scored"), [(0.0, False), (0.02, True)])
def test_points_that_collapse_onto_one(noise: float, scored: bool):
    """One mode with its own width is a finding; a single point is none."""
    given, method = prepare("8gaussians"), Twin(z_dim=2)
    nets = built(method, (2,))
    for network in ("decoder", "generator"):
        nets.modules[network] = OneImage(torch.tensor([1.0, 0.0]), noise)
    results = evaluate(method, nets, given, Evaluation())
    found = {s.metric for s in results.scores if s.of == "decoder"}
    assert {"modes_covered", "kl_nats"} <= found
    assert found & POINTS == (POINTS if scored else set())
    if not scored:
        assert results.absent["in_modes"].count("its 10000 samples are alike") == 2


def test_variances_in_batches_are_those_of_the_whole():
    x = torch.from_numpy(np.random.default_rng(0).random((30, *IMAGE), dtype=np.float32)) + 7
    variety = Variety()
    for part in x.split(7):
        variety.add(part)
    assert variety.variance == pytest.approx(float(x.double().var(0, unbiased=False).sum()), rel=1e-9)
    assert variance_of(x[:1]) == 0.0


def test_metrics_that_need_variety_are_those_that_one_sample_decides():
    wanted = {m.name.removesuffix("_classifier") for m in METRICS if m.varied}
    assert wanted == {
        *("precision", "density", "copied", "interpolation_rmse"),
        *("in_modes", "near_data", "on_branches", "cycle_cost", "code_rank"),
    }
