from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from chimerae.data import Prepared, Split
from chimerae.evaluation import Evaluation, Results, draw, evaluate, nearest
from chimerae.nets import Nets
from tests.evaluation.evaluation_stubs import IMAGE, Sampler, Twin, built, images

METRICS = ("nearest_train", "copied", "interpolation_rmse")
CHOSEN = Evaluation(metrics=METRICS)


def data() -> Prepared:
    """60 test images and 90 to train on, all of noise."""
    prepared = images(60)
    more = np.random.default_rng(1).integers(0, 256, (90, *IMAGE), dtype=np.uint8)
    return replace(prepared, train=Split("train", more))


class ByHeart(nn.Module):
    """Draws training images, chosen by the code."""

    def __init__(self, split: Split) -> None:
        super().__init__()
        self.register_buffer("seen", split.take(range(len(split))))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return 2 * self.seen[(1000 * z[:, 0]).long() % len(self.seen)] - 1


def table(results: Results) -> dict[tuple[str, str], float]:
    return {(score.metric, score.of): score.value for score in results.scores}


def rmse_to_nearest(made: torch.Tensor, train: torch.Tensor) -> float:
    return float(np.mean([min((255 * (m - t)).square().mean().sqrt() for t in train) for m in made]))


def test_scores_are_those_of_the_plain_way():
    method, given = Twin(), data()
    nets = built(method, IMAGE)
    results = evaluate(method, nets, given, CHOSEN)
    found = table(results)
    assert set(found) == {(m, of) for m in METRICS for of in ("data", "decoder", "generator")}
    train, test = (split.take(range(len(split))).double() for split in (given.train, given.test))
    assert found["nearest_train", "data"] == pytest.approx(rmse_to_nearest(test, train), rel=1e-5)
    assert found["interpolation_rmse", "data"] == found["nearest_train", "data"]
    assert found["copied", "data"] == pytest.approx(1 / 60)
    drawn = results.shown.samples["decoder"][:60].double()
    assert found["nearest_train", "decoder"] == pytest.approx(rmse_to_nearest(drawn, train), rel=1e-5)
    told = {s.metric: s for s in results.scores if s.of == "generator"}
    assert {m: (s.n, s.protocol["code"], s.protocol["train"]) for m, s in told.items()} == {
        "nearest_train": (60, "prior", 90),
        "copied": (60, "prior", 90),
        "interpolation_rmse": (30, "middle, test images", 90),
    }


@pytest.mark.parametrize(("size", "values"), [(7, 2**24), (256, 500)])
def test_batches_and_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch, size: int, values: int):
    method, given = Twin(xi=2), data()
    nets = built(method, IMAGE)
    expected = table(evaluate(method, nets, given, CHOSEN))
    monkeypatch.setattr(nearest, "VALUES", values)
    found = table(evaluate(method, nets, given, replace(CHOSEN, batch_size=size)))
    assert found == pytest.approx(expected, rel=1e-5)


def test_what_is_learnt_by_heart_is_found_out(tmp_path: Path):
    method, given = Sampler(), data()
    results = evaluate(method, Nets({"generator": ByHeart(given.train)}), given, CHOSEN)
    found = table(results)
    assert found["copied", "generator"] == 1.0
    assert found["nearest_train", "generator"] < 0.01
    rows = results.shown.neighbours
    torch.testing.assert_close(rows["samples"], rows["nearest of the data"])
    assert len(rows["samples"]) == 16
    assert "neighbours.png" in [path.name for path in draw(results.shown, tmp_path)]
    protocol = next(s.protocol for s in results.scores if s.metric == "interpolation_rmse" and s.of != "data")
    assert protocol["code"] == "middle, prior"


def test_few_training_images_are_looked_at_where_there_are_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(nearest, "TRAIN", 10)
    method, given = Sampler(), data()
    results = evaluate(method, built(method, IMAGE), given, CHOSEN)
    assert {s.protocol["train"] for s in results.scores} == {10}
    indices = torch.arange(0, 90, 9)
    train = given.train.take(indices).double()
    test = given.test.take(range(60)).double()
    assert table(results)["nearest_train", "data"] == pytest.approx(rmse_to_nearest(test, train), rel=1e-5)
    shown = results.shown.neighbours["nearest of the data"]
    assert all(any(torch.equal(image, t) for t in train.float()) for image in shown)


def test_a_broken_network_is_named_and_the_other_scored():
    method, given = Twin(), data()
    nets = built(method, IMAGE)
    with torch.no_grad():
        nets.modules["generator"].line.bias[3] = float("nan")
    results = evaluate(method, nets, given, CHOSEN)
    assert {score.of for score in results.scores} == {"data", "decoder"}
    assert results.absent == dict.fromkeys(METRICS, "generator: 90 images are not finite")
    assert results.shown.neighbours == {}


def test_few_test_images_lose_the_share_alone():
    method = Twin()
    results = evaluate(method, built(method, IMAGE), images(10), CHOSEN)
    assert {score.metric for score in results.scores} == {"nearest_train", "interpolation_rmse"}
    assert results.absent == {"copied": "it needs 20 test images and 2 training images, or more"}


def test_one_test_image_has_nothing_in_between():
    method = Twin()
    results = evaluate(method, built(method, IMAGE), images(1), replace(CHOSEN, metrics=METRICS[::2]))
    assert {(s.metric, s.of) for s in results.scores} >= {("nearest_train", "generator")}
    assert results.absent == {"interpolation_rmse": "there are no images to compare, or no training images"}
