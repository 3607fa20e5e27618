from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from chimerae.evaluation import Evaluation, Results
from chimerae.evaluation.code_plots import _main
from chimerae.pictures import panels
from chimerae.recipes.build import build
from chimerae.runs.evaluate import evaluate_run
from chimerae.runs.train import train

METRICS = ("prior_mmd", "prior_p", "code_information", "both_signs", "cycle_cost")


def trained(folder: Path, name: str, data: str, **settings: object) -> Path:
    run = build(name, data=data, arch="mlp", settings={"arch.width": 16, "steps": 3, **settings})
    return train(run, out=folder / f"{name}-{data}")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A VAE of folded points."""
    return trained(tmp_path_factory.mktemp("runs"), "vae", "folded", **{"method.z_dim": 1})


def values(results: Results) -> dict[tuple[str, str], float]:
    return {(s.metric, s.of): s.value for s in results.scores if s.metric in METRICS}


def test_the_encoder_is_scored(run: Path):
    results = evaluate_run(run, Evaluation(n=50, metrics=METRICS))
    assert set(values(results)) == {(m, "encoder") for m in METRICS[:4]} | {("cycle_cost", "decoder")}
    protocol = next(s.protocol for s in results.scores if s.metric == "prior_p")
    assert {"permutations": 200, "split": "test", "kernel": "imq"}.items() <= protocol.items()


def test_the_batch_size_changes_nothing(run: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("chimerae.runs.evaluate.draw", lambda *args: None)
    whole, *others = (
        values(evaluate_run(run, Evaluation(n=50, metrics=METRICS, batch_size=b))) for b in (256, 1, 17)
    )
    for other in others:
        assert whole == pytest.approx(other, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("z_dim", [1, 2, 5])
def test_prior_and_codes_are_drawn_side_by_side(tmp_path: Path, z_dim: int):
    folder = trained(tmp_path, "vae", "digits", **{"method.z_dim": z_dim})
    evaluate_run(folder, Evaluation(n=20, metrics=("prior_mmd",)))
    told = {1: " (up: data)", 2: "", 5: ", 2 of 5 axes"}[z_dim]
    assert list(panels(Image.open(folder / "pictures" / "codes.png"))) == [
        f"prior P_z{told}",
        f"codes Q_z{told}",
    ]


def test_a_gan_has_no_codes(tmp_path: Path):
    folder = trained(tmp_path, "gan", "8gaussians")
    results = evaluate_run(folder, Evaluation(n=20, metrics=("prior_mmd", "cycle_cost")))
    assert not results.scores
    assert set(results.absent.values()) == {"it needs an encoder"}
    assert not (folder / "pictures" / "codes.png").exists()


def test_improved_points_cost_less(tmp_path: Path):
    folder = trained(tmp_path, "avae", "8gaussians", **{"method.z_dim": 2})
    results = evaluate_run(folder, Evaluation(improve=True, metrics=("cycle_cost", "in_modes")))
    found = values(results)
    for network in ("decoder", "generator"):
        assert found["cycle_cost", f"{network}, improved"] < found["cycle_cost", network]
    told = {s.of: s.protocol for s in results.scores if s.metric == "in_modes"}
    improved = {
        "code": "improved",
        "improve_steps": 200,
        "improve_lr": 1e-3,
        "improve_until": "changes below 0.1",
    }
    assert improved.items() <= told["generator, improved"].items()
    assert told["generator"]["code"] == "prior"
    assert "improve_lr" not in told["generator"]


@pytest.mark.parametrize("shape", [(50, 4), (20, 60)])
def test_main_axes_are_those_of_the_singular_value_decomposition(shape: tuple[int, int]):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * torch.linspace(1, 3, shape[1])
    ours = _main(x, 2)
    _, s, vh = torch.linalg.svd(x - x.mean(0), full_matrices=False)
    torch.testing.assert_close(ours.norm(dim=0), s[:2], rtol=1e-4, atol=0)
    torch.testing.assert_close(ours.abs(), ((x - x.mean(0)) @ vh[:2].T).abs(), rtol=1e-3, atol=1e-3)
