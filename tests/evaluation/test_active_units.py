from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from chimerae import noise
from chimerae.data import prepare
from chimerae.evaluation import Evaluation, Results, evaluate
from chimerae.gaussian import Gaussian
from chimerae.nets import Nets
from chimerae.recipes.build import build
from chimerae.runs.evaluate import evaluate_run
from chimerae.runs.train import train
from tests.evaluation.evaluation_stubs import IMAGE, Twin, built, images, labelled

METRICS = ("active_units", "kl_per_sample", "probe_accuracy")
CHOSEN = Evaluation(metrics=METRICS)


class Coarse(nn.Module):
    """Codes of a stub, without spread or drawn from what nobody describes."""

    def __init__(self, inner: nn.Module, noisy: bool) -> None:
        super().__init__()
        self.inner, self.noisy = inner, noisy

    def forward(self, x: Tensor) -> Gaussian:
        mu = self.inner(x).mu
        return Gaussian.point(mu + noise.normal(*mu.shape, like=mu) if self.noisy else mu)


def with_encoder(noisy: bool) -> Nets:
    nets = built(Twin(), IMAGE)
    return Nets({**nets.modules, "encoder": Coarse(nets.modules["encoder"], noisy)})


def table(results: Results) -> dict[str, float]:
    return {score.metric: score.value for score in results.scores}


def test_scores_are_those_of_the_plain_way():
    method, given = Twin(), labelled()
    nets = built(method, IMAGE)
    results = evaluate(method, nets, given, CHOSEN)
    with nets.evaluating():
        q = method.encode(nets, 2 * given.test.take(range(50)) - 1)
    found = table(results)
    assert found["active_units"] == float((q.mu.var(0) > 0.01).sum())
    assert found["kl_per_sample"] == pytest.approx(float(q.kl().mean()), rel=1e-5)
    assert found["probe_accuracy"] > 0.6
    told = {s.metric: s for s in results.scores}
    assert {(s.of, s.n) for s in told.values()} == {("encoder", 50)}
    assert told["probe_accuracy"].protocol["train"] == 40
    assert results.shown.units is not None
    torch.testing.assert_close(results.shown.units, q.kl_per_dim().mean(0).sort(descending=True).values)


@pytest.mark.parametrize("size", [7, 64])
def test_the_batch_size_changes_nothing(size: int):
    method = Twin()
    one, other = (
        table(evaluate(method, built(method, IMAGE), labelled(), replace(CHOSEN, batch_size=b)))
        for b in (256, size)
    )
    assert one == pytest.approx(other, rel=1e-5)


def test_codes_without_spread_have_no_kl():
    results = evaluate(Twin(), with_encoder(noisy=False), labelled(), CHOSEN)
    assert set(table(results)) == {"active_units", "probe_accuracy"}
    assert results.absent == {"kl_per_sample": "its posteriors have no density"}
    assert results.shown.units is None


def test_a_posterior_that_collapsed_tells_nothing():
    """Its means still hold the class, ever so small."""

    class Collapsed(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Tensor) -> Gaussian:
            mu = self.inner(x).mu
            return Gaussian(1e-2 * mu, torch.zeros_like(mu))

    nets, given = built(Twin(), IMAGE), labelled()
    collapsed = Nets({**nets.modules, "encoder": Collapsed(nets.modules["encoder"])})
    healthy, ill = (table(evaluate(Twin(), some, given, CHOSEN)) for some in (nets, collapsed))
    assert healthy["active_units"] == 4
    assert ill["active_units"] == 0
    assert ill["kl_per_sample"] < 1e-3
    assert ill["probe_accuracy"] < 0.7 < healthy["probe_accuracy"]


def test_codes_that_are_drawn_have_no_means():
    results = evaluate(Twin(), with_encoder(noisy=True), labelled(), CHOSEN)
    assert set(table(results)) == {"probe_accuracy"}
    assert results.absent == {
        "active_units": "its posteriors are drawn, not described",
        "kl_per_sample": "its posteriors have no density",
    }


@pytest.mark.parametrize(
    ("classes", "reason"),
    [(1, "the data have a single class"), (10, "40 training samples are too few for 10 classes")],
)
def test_labels_that_teach_nothing_are_one_line(classes: int, reason: str):
    method = Twin()
    results = evaluate(method, built(method, IMAGE), labelled(classes), CHOSEN)
    assert set(table(results)) == {"active_units", "kl_per_sample"}
    assert results.absent == {"probe_accuracy": reason}


def test_data_without_labels_are_one_line():
    method = Twin()
    results = evaluate(method, built(method, IMAGE), images(), CHOSEN)
    assert results.absent == {"probe_accuracy": "the data have no labels"}


def test_codes_that_are_not_finite_are_one_line():
    method = Twin()
    nets = built(method, IMAGE)
    with torch.no_grad():
        nets.modules["encoder"].line.bias[0] = float("nan")
    results = evaluate(method, nets, labelled(), CHOSEN)
    assert results.absent == dict.fromkeys(METRICS, "codes are not finite")
    assert results.shown.units is None


@pytest.mark.parametrize(("name", "kl"), [("avae", True), ("wae-mmd", False), ("bigan", False)])
def test_methods_say_what_their_posteriors_are(tmp_path: Path, name: str, kl: bool):
    chosen = build(name, data="digits", arch="mlp", settings={"arch.width": 16, "steps": 3})
    folder = train(chosen, out=tmp_path / name)
    results = evaluate_run(folder, CHOSEN)
    assert set(table(results)) == set(METRICS) - (set() if kl else {"kl_per_sample"})
    assert (folder / "pictures" / "units.png").exists() == kl
    if kl:
        with Image.open(folder / "pictures" / "units.png") as picture:
            assert picture.width > 100


def test_toys_have_codes_without_labels():
    method = Twin(z_dim=2)
    results = evaluate(method, built(method, (2,)), prepare("8gaussians"), CHOSEN)
    assert set(table(results)) == {"active_units", "kl_per_sample"}
