"""The names that `import chimerae` gives, and the way of data in memory from training to a page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import chimerae

IMAGES = np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3), dtype=np.uint8)
SETTINGS = {"arch.width": 2, "method.z_dim": 3, "training.batch_size": 4, "evaluation.metrics": ("psnr",)}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return chimerae.train("vae", data=IMAGES, steps=2, arch="dcgan", settings=SETTINGS)


def test_only_public_names_are_listed():
    assert dir(chimerae) == [
        "InputError", "Model", "__version__", "directions", "evaluate", "load", "report", "resume",
        "train", "tune",
    ]  # fmt: skip
    for name in dir(chimerae):
        assert getattr(chimerae, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = chimerae.nothing


def test_report_can_be_called_whatever_was_imported_first():
    for first in ("chimerae", "chimerae.report", "chimerae.report.page"):
        code = f"import {first}, chimerae; assert callable(chimerae.report); chimerae.report.write_report"
        subprocess.run([sys.executable, "-c", code], check=True)


def test_arrays_from_training_to_a_page(run: Path, tmp_path: Path):
    assert run.parts[0] == "runs"
    assert run.name.startswith("vae-array-")
    assert '"data": "array:' in (run / "run.json").read_text()
    results = chimerae.evaluate(run)
    assert {score.metric for score in results.scores} == {"psnr"}
    assert (run / "scores.json").is_file()
    assert chimerae.report(run) == run / "report.html"
    assert chimerae.report([run, run], out="two.html") == Path("two.html")
    assert Path("two.html").is_file()
    chimerae.resume(run, steps=3)
    assert chimerae.load(run).step == 3


def test_arrays_that_left_the_cache_are_given_again(
    run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path / "empty"))
    for ask in (chimerae.resume, chimerae.evaluate):
        with pytest.raises(chimerae.InputError, match="give them again") as error:
            ask(run)
        assert "\n" not in str(error.value)
    with pytest.raises(chimerae.InputError, match="the same again"):
        chimerae.resume(run, data=IMAGES[1:])
    chimerae.resume(run, steps=3, data=IMAGES)
    assert chimerae.load(run).step == 3


def test_a_model_moves_and_saves_itself(run: Path):
    model = chimerae.load(run)
    moved = model.to("cpu")
    assert moved is not model
    assert torch.equal(moved.sample(3), model.sample(3))
    with pytest.raises(chimerae.InputError):
        model.to("abacus")
    assert model.save("kept") == Path("kept")
    again = chimerae.load("kept")
    assert torch.equal(again.sample(3), model.sample(3))
    assert again.prepare == model.prepare
    assert again.config == model.config
    assert "# kept" in Path("kept/README.md").read_text()
    with pytest.raises(chimerae.InputError, match="run folder"):
        model.save(run)


def test_more_than_fit_at_once(run: Path):
    model = chimerae.load(run)
    many = np.concatenate([IMAGES] * 11)
    assert model.reconstruct(many).shape == (264, 3, 16, 16)
    torch.testing.assert_close(model.encode(many).mu[240:], model.encode(IMAGES).mu)
