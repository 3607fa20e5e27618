"""Frozen encoders from start to use: measured once, saved with the model, opened from run folders."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

import chimerae
from chimerae.data import prepare
from chimerae.errors import InputError
from chimerae.methods import AVAEFrozen
from chimerae.recipes.work import count
from chimerae.runs import measured
from chimerae.runs.train import resume, train
from chimerae.training.built import given_encoders
from tests.helpers.runs import tiny_run

SMALL = {"encoder_side": 8, "xi_dim": 2}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of a VAE, and of a generator on its codes and features."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chimerae.training.previews.Previews.draw", lambda self, nets, step: None)
        folder = tmp_path_factory.mktemp("runs")
        train(tiny_run("vae", "dcgan", steps=2), out=folder / "vae")
        encoder = f"{folder / 'vae'}+efficientnet:1"
        train(
            tiny_run("avae-frozen", "dcgan", method={"encoder": encoder, **SMALL}, steps=2),
            out=folder / "both",
        )
    return folder


def digits() -> torch.Tensor:
    """All training samples of a tiny run."""
    split = prepare("digits").train
    return split.take(range(len(split)))


def test_codes_of_training_data_have_mean_0_and_variance_1(place):
    model = chimerae.load(place / "both", device="cpu")
    with torch.no_grad():
        q = model.encode(digits())
    spread = q.mu.var(0) + q.variance
    assert q.mu.mean(0).abs().max() < 1e-3
    torch.testing.assert_close(spread, torch.ones_like(spread), rtol=5e-3, atol=5e-3)


def test_a_saved_model_needs_neither_the_run_nor_the_package(place, tmp_path, monkeypatch):
    alone = shutil.copytree(place / "both" / "model", tmp_path / "alone")
    x = chimerae.load(place / "both", device="cpu").sample(3)
    monkeypatch.setattr("chimerae.features.efficientnet.MODULE", "no_such_package")
    moved = place / "vae"
    hidden = moved.rename(place / "elsewhere")
    try:
        model = chimerae.load(alone, device="cpu")
        assert torch.equal(model.sample(3), x)
        assert torch.equal(model.encode(x).mu, chimerae.load(place / "both", device="cpu").encode(x).mu)
        assert model.reconstruct(x).shape == x.shape
        assert model.interpolate(x[:1], x[1:2], steps=3).shape == (1, 3, *x.shape[1:])
        resume(place / "both", steps=3, quiet=True)
    finally:
        hidden.rename(moved)


def test_the_first_part_is_the_codes_of_the_run(place):
    model, vae = (chimerae.load(place / name, device="cpu") for name in ("both", "vae"))
    x = digits()[:5]
    with model.nets.evaluating():
        found = model.nets.modules["encoder"].features(2 * x - 1)
    torch.testing.assert_close(found[:, :2], vae.encode(x).mu, rtol=1e-4, atol=1e-5)


def test_a_run_is_seen_at_its_own_size_and_colours(place):
    run = tiny_run("avae-frozen", "dcgan", method={"encoder": str(place / "vae"), **SMALL})
    method = run.method.fitted((3, 16, 16), run.arch)
    E = given_encoders(method, run.arch, (3, 16, 16), opened=True)["encoder"]
    vae, x = chimerae.load(place / "vae", device="cpu"), torch.rand(4, 3, 16, 16)
    grey = torch.nn.functional.interpolate(x.mean(1, keepdim=True), (8, 8), mode="bilinear", antialias=True)
    torch.testing.assert_close(E.features(2 * x - 1), vae.encode(grey).mu, rtol=1e-4, atol=1e-5)


def test_damaged_settings_are_one_line(place):
    for text in (
        "{",
        "[]",
        "{}",
        json.dumps({str(place / "vae"): {"method": 1}}),
        json.dumps({str(place / "vae"): 3}),
    ):
        method = AVAEFrozen(z_dim=2, encoder=str(place / "vae"), encoder_settings=text)
        with pytest.raises(InputError, match="are damaged: give --method"):
            given_encoders(method, tiny_run("vae", "dcgan").arch, (1, 8, 8), opened=True)


def test_a_step_is_counted_without_reading_weights(place, monkeypatch):
    """On PyTorch's meta device, where nothing can be filled in; warnings are errors here."""
    monkeypatch.setattr("chimerae.features.efficientnet.MODULE", "no_such_package")
    encoder = f"{place / 'vae'}+efficientnet:1"
    run = tiny_run("avae-frozen", "dcgan", method={"encoder": encoder, **SMALL})
    operations, parameters = count(run, (1, 8, 8))
    assert operations > 0
    assert list(parameters) == ["decoder", "generator", "critic", "encoder"]


def test_measuring_is_told_and_stays_when_a_run_goes_on(place, tmp_path, monkeypatch):
    told: list[tuple[int, int, str]] = []
    real = measured.measure_given
    calls = []
    monkeypatch.setattr(measured, "PIECE", 700)
    monkeypatch.setattr(
        "chimerae.runs.learn.measure_given",
        lambda state, prepared, progress: (
            calls.append(1) or real(state, prepared, lambda *said, **more: told.append(said))
        ),
    )
    run = tiny_run("avae-frozen", "dcgan", method={"encoder": "random", **SMALL}, steps=2)
    train(run, out=tmp_path / "run", quiet=True)
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1]
    assert told[0][2] == "samples measured by the encoder"
    before = chimerae.load(tmp_path / "run", device="cpu").nets.modules["encoder"].state_dict()
    resume(tmp_path / "run", steps=3, quiet=True)
    after = chimerae.load(tmp_path / "run", device="cpu").nets.modules["encoder"].state_dict()
    assert len(calls) == 1
    assert all(torch.equal(after[key], value) for key, value in before.items())


def test_what_cannot_be_an_encoder_says_why(place, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chimerae.training.previews.Previews.draw", lambda self, nets, step: None)
        train(tiny_run("gan", "dcgan", steps=1), out=tmp_path / "gan")
        train(tiny_run("vae", steps=1), out=tmp_path / "points")
    for name, complaint in (
        ("gan", "cannot be an encoder: gan has none"),
        ("points", "cannot be the encoder of 8x8x1: it knows 2-d points"),
    ):
        run = tiny_run("avae-frozen", "dcgan", method={"encoder": str(tmp_path / name), **SMALL})
        with pytest.raises(InputError, match=complaint):
            train(run, out=tmp_path / "out", quiet=True)
        assert not (tmp_path / "out").exists()
    weights = place / "vae" / "model" / "model.safetensors"
    damaged = shutil.copytree(place / "vae", tmp_path / "damaged") / "model" / weights.name
    damaged.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    run = tiny_run("avae-frozen", "dcgan", method={"encoder": str(tmp_path / "damaged"), **SMALL})
    with pytest.raises(InputError, match="its checksum is not the one in"):
        train(run, out=tmp_path / "out", quiet=True)
