from __future__ import annotations

import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from chimerae.data import Split, prepare
from chimerae.data.builtin import edge_places, edge_row
from chimerae.evaluation import Evaluation, Results, evaluate
from chimerae.metrics import SampleMetric
from chimerae.metrics.edges import fitted
from chimerae.recipes.build import build
from chimerae.runs.evaluate import evaluate_run
from chimerae.runs.train import train
from tests.evaluation.evaluation_stubs import Twin, built, images

METRICS = ("edge_width", "edge_misfit", "binary", "edge_places")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An AVAE that has hardly learnt anything."""
    chosen = build("avae", data="step-edges", arch="mlp", settings={"arch.width": 8, "steps": 3})
    return train(chosen, out=tmp_path_factory.mktemp("runs") / "edges")


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here looks at them."""
    monkeypatch.setattr("chimerae.runs.evaluate.draw", lambda *args: None)


def values(results: Results) -> dict[tuple[str, str], float]:
    return {(s.metric, s.of): s.value for s in results.scores if s.metric in METRICS}


def test_every_network_and_the_data_are_scored(run: Path):
    results = evaluate_run(run, Evaluation(n=100))
    assert set(values(results)) == {(m, of) for m in METRICS for of in ("decoder", "generator", "data")}
    protocol = next(s.protocol for s in results.scores if s.metric == "binary" and s.of == "generator")
    assert protocol["code"] == "prior"
    assert protocol["real"] == "test"
    assert protocol["real_n"] == 100
    assert {s.n for s in results.scores if s.metric in METRICS} == {100}


def test_the_batch_size_changes_nothing_and_again_is_the_same_to_the_last_digit(run: Path):
    whole, again, *others = (
        values(evaluate_run(run, Evaluation(n=60, metrics=METRICS, batch_size=b))) for b in (60, 60, 1, 7, 64)
    )
    assert whole == again
    for other in others:
        assert whole == pytest.approx(other, rel=1e-5)


def test_the_datas_own_row_is_what_its_images_are(run: Path):
    """Here recomputed from the places of the edges, without any image."""
    prepared = prepare("step-edges")
    n = len(prepared.test)
    rows = torch.stack(
        [torch.from_numpy(edge_row(float(p))) for p in edge_places("train")[:: len(prepared.train) // n]]
    )
    expected = fitted((rows * 255).round().double() / 255)[0].mean()
    found = values(evaluate_run(run, Evaluation(metrics=METRICS)))
    assert found["edge_width", "data"] == pytest.approx(
        float(expected), rel=5e-3
    )  # rounding decides between neighbours of the grid


def test_a_broken_network_is_named_and_the_others_come_out(run: Path, monkeypatch: pytest.MonkeyPatch):
    from chimerae.evaluation.seeded_codec import SeededCodec

    honest = SeededCodec.decode

    def broken(self: SeededCodec, z: torch.Tensor) -> dict[str, torch.Tensor]:
        made = honest(self, z)
        return made | {"decoder": made["decoder"] * torch.nan}

    monkeypatch.setattr(SeededCodec, "decode", broken)
    results = evaluate_run(run, Evaluation(n=20, metrics=METRICS))
    assert {s.of for s in results.scores} == {"generator", "data"}
    assert results.absent["binary"] == "decoder: 20 of 20 samples are not finite"


def test_other_images_have_no_edges(tmp_path: Path):
    chosen = build("vae", data="digits", arch="mlp", settings={"arch.width": 4, "steps": 1})
    folder = train(chosen, out=tmp_path / "digits")
    assert not values(evaluate_run(folder, Evaluation(n=4)))
    asked = evaluate_run(folder, Evaluation(n=4, metrics=("binary",)))
    assert asked.absent == {"binary": "it is for the images step-edges"}


def test_pairs_of_real_images_are_no_neighbours_in_their_file():
    """Every image is there twice, one beside the other."""
    shape, method = (1, 64, 64), Twin()
    data = images(20, shape)
    data = replace(data, train=Split("train", np.repeat(data.test.stored, 2, 0)))
    settings = (Evaluation(metrics=("ms_ssim", "sharpness"), batch_size=b) for b in (7, 256))
    small, large = (evaluate(method, built(method, shape), data, s).scores for s in settings)
    assert [s.value for s in small] == pytest.approx([s.value for s in large], rel=1e-9)
    found = {(s.metric, s.of): s for s in large}
    assert found["ms_ssim", "data"].value < 0.3
    assert "real" not in found["ms_ssim", "data"].protocol
    assert found["ms_ssim", "generator"].protocol["windows"] == (11, 11, 11, 8, 4)


def test_improved_images_are_scored_beside_the_others(run: Path):
    plain = evaluate_run(run, Evaluation(n=20, metrics=("binary",)))
    results = evaluate_run(run, Evaluation(n=20, metrics=("binary",), improve=True))
    found = values(results)
    assert values(plain).items() <= found.items()
    added = set(found) - set(values(plain))
    assert added == {("binary", "decoder, improved"), ("binary", "generator, improved")}
    facts = {s.of: s.protocol for s in results.scores}
    assert facts["decoder, improved"]["code"] == "improved"
    assert facts["decoder, improved"]["improve_steps"] == 200
    assert facts["decoder"]["code"] == "prior"
    assert (
        values(evaluate_run(run, Evaluation(n=20, metrics=("binary",), improve=True, batch_size=7))) == found
    )


def test_no_more_is_held_than_the_data_and_one_network(monkeypatch: pytest.MonkeyPatch):
    """Statistics of 50,000 images are large: each network's go before the next one's come."""
    alive: weakref.WeakSet[object] = weakref.WeakSet()
    most: list[int] = []

    class Gathered:
        def __init__(self) -> None:
            alive.add(self)
            most.append(len(alive))

        def add(self, images: torch.Tensor, /) -> None:
            del images

    metric = SampleMetric(
        name="held", better="lower", unit="", about="", gather=Gathered, compare=lambda *_: 0.0, facts={}
    )
    monkeypatch.setattr("chimerae.evaluation.evaluate_model.metrics_of", lambda names: [metric])
    method = Twin()
    results = evaluate(
        method, built(method, (1, 12, 12)), images(30), Evaluation(improve=True, batch_size=16)
    )
    made = ("data", "decoder", "decoder, improved", "generator", "generator, improved")
    assert tuple(score.of for score in results.scores) == made
    assert most == [1, *[2] * len(made)]
