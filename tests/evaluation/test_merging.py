"""Evaluating again adds to the scores that are there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chimerae.evaluation import Evaluation, Results, merged, read_scores, write_scores
from chimerae.recipes.build import build
from chimerae.run_folder.scores import Score
from chimerae.runs.evaluate import evaluate_run
from chimerae.runs.train import train


def score(metric: str, of: str = "decoder", value: float = 1.0, n: int = 10, **protocol: object) -> Score:
    return Score(metric=metric, of=of, value=value, n=n, better="lower", protocol=protocol)


def told(results: Results) -> list[tuple[str, str, float]]:
    return [(s.metric, s.of, s.value) for s in results.scores]


def test_other_metrics_stay_and_stand_in_the_order_of_the_list():
    before = Results(scores=(score("ssim"), score("prior_mmd", "encoder")))
    found = merged(Results(scores=(score("psnr", value=2.0), score("swd"))), before)
    assert [s.metric for s in found.scores] == ["psnr", "ssim", "swd", "prior_mmd"]
    assert found.earlier == ()


def test_the_same_measured_alike_is_replaced():
    before = Results(scores=(score("ssim", value=1.0, seed=0),))
    found = merged(Results(scores=(score("ssim", value=2.0, seed=0),)), before)
    assert (told(found), found.earlier) == ([("ssim", "decoder", 2.0)], ())


@pytest.mark.parametrize("other", [score("ssim", seed=1), score("ssim", n=9, seed=0)])
def test_the_same_measured_otherwise_is_kept_apart(other: Score):
    new = score("ssim", value=2.0, seed=0)
    found = merged(Results(scores=(new,)), Results(scores=(other,)))
    assert (found.scores, found.earlier) == ((new,), (other,))
    back = merged(Results(scores=(replace(other, value=3.0),)), found)
    assert told(back) == [("ssim", "decoder", 3.0)]
    assert back.earlier == (new,), "the first value was measured like the last: it is forgotten"


def test_networks_are_told_apart():
    before = Results(scores=(score("ssim"), score("ssim", "generator")))
    found = merged(Results(scores=(score("ssim", value=2.0),)), before)
    assert set(told(found)) == {("ssim", "decoder", 2.0), ("ssim", "generator", 1.0)}


def test_reasons_follow_the_newest_word():
    before = Results(scores=(score("ssim"),), absent={"fid": "no weights", "lpips": "too small"})
    new = Results(scores=(score("fid"),), absent={"ssim": "its samples are alike"})
    found = merged(new, before)
    assert found.absent == {"lpips": "too small", "ssim": "its samples are alike"}
    assert ([s.metric for s in found.scores], [s.metric for s in found.earlier]) == (["fid"], ["ssim"])


def test_earlier_scores_go_through_the_file(tmp_path: Path):
    results = Results(scores=(score("ssim", scales=(1.0, 2.0)),), earlier=(score("ssim", n=3, k=(2,)),))
    write_scores(results, 7, tmp_path / "scores.json")
    assert read_scores(tmp_path / "scores.json") == (results, 7)
    write_scores(Results(), 7, tmp_path / "scores.json")
    assert "earlier" not in json.loads((tmp_path / "scores.json").read_text())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A VAE of points, three steps old."""
    chosen = build("vae", data="8gaussians", settings={"arch.width": 8, "steps": 3})
    return train(chosen, out=tmp_path_factory.mktemp("runs") / "vae")


def in_file(run: Path) -> dict[str, int]:
    results, _ = read_scores(run / "scores.json")
    return {s.metric: s.n for s in results.scores}


def test_evaluating_one_metric_never_erases_the_others(run: Path):
    evaluate_run(run, Evaluation(n=20, metrics=("prior_mmd", "active_units")))
    results = evaluate_run(run, Evaluation(n=20, metrics=("code_information",)))
    assert [s.metric for s in results.scores] == ["code_information"], "it returns its own alone"
    assert in_file(run) == {"prior_mmd": 20, "code_information": 20, "active_units": 20}
    evaluate_run(run, Evaluation(n=30, metrics=("prior_mmd",)))
    assert in_file(run) == {"prior_mmd": 30, "code_information": 20, "active_units": 20}
    assert [s.n for s in read_scores(run / "scores.json")[0].earlier] == [20]


def test_scores_of_another_step_and_files_that_cannot_be_read_are_dropped(run: Path):
    path = run / "scores.json"
    evaluate_run(run, Evaluation(n=20, metrics=("prior_mmd",)))
    content = json.loads(path.read_text())
    for spoilt in (json.dumps(content | {"step": 2}), json.dumps(content | {"schema": 99}), "{"):
        path.write_text(spoilt)
        evaluate_run(run, Evaluation(n=20, metrics=("active_units",)))
        assert in_file(run) == {"active_units": 20}
        assert json.loads(path.read_text())["step"] == 3
