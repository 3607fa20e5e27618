from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from chimerae.data import prepare
from chimerae.evaluation import Evaluation, Results, evaluate
from chimerae.metrics import METRICS
from chimerae.nets import Nets
from tests.evaluation.evaluation_stubs import IMAGE, Sampler, Twin, built, images, labelled


def table(results: Results) -> dict[tuple[str, str], float]:
    return {(score.metric, score.of): score.value for score in results.scores}


@pytest.mark.parametrize("name", ["8gaussians", "25gaussians", "checkerboard"])
def test_toys_are_scored_on_prior_codes_beside_the_data_itself(name):
    method, data = Twin(z_dim=1), prepare(name)
    results = evaluate(method, built(method, (2,)), data, Evaluation(n=500))
    scores = table(results)
    assert results.absent == {}
    assert scores["mse_points", "decoder"] > 0
    for of in ("data", "decoder", "generator"):
        assert np.isfinite(
            [scores[m, of] for m in ("kl_published", "jsd_published", "kl_nats", "jsd_nats")]
        ).all()
        assert ("modes_covered", of) in scores or name == "checkerboard"
    assert scores["jsd_published", "data"] < 0.5 * scores["jsd_published", "generator"]
    assert scores["code_rank", "decoder"] == pytest.approx(1.0)
    assert ("code_rank", "data") not in scores
    assert "on_branches" not in {score.metric for score in results.scores}
    published = next(score for score in results.scores if score.metric == "kl_published")
    facts = {"units": "published", "points": 5000, "bins": 100, "floor": 1e-14, "toy": name}
    assert facts.items() <= published.protocol.items()
    assert published.n == 5000


def test_data_scores_of_8gaussians_are_those_of_the_calibration():
    method = Sampler()
    scores = table(evaluate(method, built(method, (2,)), prepare("8gaussians")))
    assert 0.2 < scores["kl_published", "data"] < 1.2
    assert 0.17 < scores["jsd_published", "data"] < 0.44
    assert scores["modes_covered", "data"] == 8
    assert scores["in_modes", "data"] > 0.999


def test_branches_of_the_sine_toy():
    """A decoder on the curve between the branches; a generator whose noise chooses the branch."""

    class Between(nn.Module):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return torch.cat([3 * z, (3 * z).cos()], 1)

    class Chooses(nn.Module):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return torch.stack([3 * z[:, 0], (3 * z[:, 0]).cos() + z[:, 1].sign()], 1)

    method = Twin(z_dim=1, xi=1)
    nets = Nets(
        {"encoder": built(method, (2,)).modules["encoder"], "decoder": Between(), "generator": Chooses()}
    )
    results = evaluate(method, nets, prepare("avae-sine"))
    scores = table(results)
    assert scores["on_branches", "data"] == pytest.approx(0.85, abs=0.02)
    assert (scores["on_branches", "decoder"], scores["on_branches", "generator"]) == (0.0, 1.0)
    assert (scores["both_branches", "decoder"], scores["both_branches", "generator"]) == (0.0, 1.0)
    assert scores["code_rank", "decoder"] == scores["code_rank", "generator"] == pytest.approx(1.0)
    both = next(score for score in results.scores if score.metric == "both_branches")
    assert (both.n, both.protocol["draws"]) == (64, 256)
    without = evaluate(Twin(z_dim=1), built(Twin(z_dim=1), (2,)), prepare("avae-sine"), Evaluation(n=200))
    assert "both_branches" not in {score.metric for score in without.scores}
    assert set(without.shown.clouds) == {"data", "decoder", "generator"}


def test_a_diverged_toy_model_is_absent_and_the_data_still_scored():
    method = Sampler()
    nets = built(method, (2,))
    with torch.no_grad():
        nets.modules["generator"].line.weight.fill_(float("inf"))
    results = evaluate(method, nets, prepare("8gaussians"))
    assert {score.of for score in results.scores} == {"data"}
    assert results.absent["kl_published"] == "generator: 10000 of 10000 points are not finite"


OWN = ("classifier", "efficientnet", "perceptual-efficientnet")


def test_every_metric_came_out_somewhere():
    large = (1, 64, 64)
    seen = {s.metric for s in evaluate(Twin(), built(Twin(), IMAGE), labelled()).scores}
    seen |= {s.metric for s in evaluate(Twin(), built(Twin(), large), images(8, large)).scores}
    for name in ("avae-sine", "8gaussians", "folded"):
        method = Twin(z_dim=1, xi=1)
        few = Evaluation(n=500)
        seen |= {s.metric for s in evaluate(method, built(method, (2,)), prepare(name), few).scores}
    published = {m.name for m in METRICS if (getattr(m, "features", None) or OWN)[0] not in OWN}
    elsewhere = published | {m.name for m in METRICS if m.name.startswith("edge_")}
    assert seen == {metric.name for metric in METRICS} - elsewhere - {"binary"}
