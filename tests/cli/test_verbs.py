from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import chimerae
from chimerae.recipes import outlook
from chimerae.recipes.timing import Timing


def test_a_run_from_photos_to_report(call, trained: Path):
    names = {p.name for p in trained.iterdir()}
    assert {"run.json", "env.json", "data.json", "log.jsonl", "state", "model", "samples"} <= names
    code, out, err = call("evaluate", trained)
    assert code == 0, err
    assert "psnr" in out
    assert "generator" in out
    scores = json.loads((trained / "scores.json").read_text())["scores"]
    assert {s["of"] for s in scores} == {
        "decoder",
        "generator",
        "data",
    }  # one test image is too few for codes
    assert {s["of"] for s in scores if s["metric"] == "psnr"} == {"decoder", "generator"}
    said = [s["protocol"].get("split", s["protocol"].get("real")) for s in scores]
    assert set(said) <= {"test", None}  # None: metrics that look at samples alone, or at the training split
    assert "test" in said
    code, _, err = call("report", trained)
    assert code == 0, err
    assert "<html" in (trained / "report.html").read_text()


@pytest.mark.parametrize("n", [1, 7])
def test_exactly_n_samples(call, trained: Path, n: int):
    assert call("sample", trained, "-n", n, "--out", "folder")[0] == 0
    assert len(list(Path("folder").glob("*.png"))) == n
    assert call("sample", trained, "-n", n, "--out", "all.npz")[0] == 0
    samples = np.load("all.npz")["samples"]
    assert samples.shape == (n, 16, 16, 3)
    assert samples.dtype == np.uint8
    assert call("sample", trained, "-n", n, "--out", "all.zip")[0] == 0
    with zipfile.ZipFile("all.zip") as archive, archive.open(archive.namelist()[0]) as first:
        assert len(archive.namelist()) == n
        with Image.open(first) as picture:
            assert np.array_equal(np.asarray(picture), samples[0])


def test_samples_follow_the_seed(call):
    assert call("train", "vae", "--data", "8gaussians", "--steps", 2, "--out", "toy")[0] == 0
    for name, seed in (("a.npy", 1), ("b.npy", 1), ("c.npy", 2)):
        assert call("sample", "toy", "-n", 3, "--seed", seed, "--out", name)[0] == 0
    a, b, c = (np.load(name) for name in ("a.npy", "b.npy", "c.npy"))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_the_vaes_decoder_can_be_asked_too(call, trained: Path):
    assert call("sample", trained, "-n", 3, "--network", "decoder", "--out", "d.npy")[0] == 0
    assert call("sample", trained, "-n", 3, "--network", "generator", "--out", "g.npy")[0] == 0
    assert not np.array_equal(np.load("d.npy"), np.load("g.npy"))
    code, _, err = call("sample", trained, "-n", 3, "--network", "decodr")
    assert code == 2
    assert "did you mean 'decoder'" in err


def test_reconstruct_and_interpolate(call, trained: Path, photos: Path):
    assert call("reconstruct", trained, "--input", photos)[0] == 0
    with Image.open("reconstructions.png") as sheet:
        assert sheet.width > 16
    assert call("interpolate", trained, "--input", photos, "--pairs", 2, "--steps", 5)[0] == 0
    with Image.open("interpolation.png") as sheet:
        assert sheet.width > sheet.height


def test_load_in_python(trained: Path):
    model = chimerae.load(trained)
    x = model.sample(4)
    assert x.shape == (4, 3, 16, 16)
    assert float(x.min()) >= 0
    assert float(x.max()) <= 1
    assert model.encode(x).mu.shape == (4, 3)
    assert model.decode(model.encode(x).mu).shape == x.shape
    assert model.reconstruct(x).shape == x.shape
    assert model.interpolate(x[:2], x[2:], steps=3).shape == (2, 3, 3, 16, 16)
    with pytest.raises(chimerae.InputError, match="16x16x3"):
        model.encode(x[:, :1])
    with pytest.raises(chimerae.InputError, match=r"\[0, 1\]"):
        model.encode(x * 255)


def test_methods_without_encoder_say_so(call, photos: Path):
    assert call("train", "gan", "--data", "8gaussians", "--steps", 2, "--out", "gan")[0] == 0
    code, _, err = call("reconstruct", "gan", "--out", "r.npy")
    assert code == 2
    assert "no encoder" in err
    assert not Path("r.npy").exists()


def test_the_same_seed_gives_the_same_model(call):
    for out in ("a", "b"):
        assert call("train", "vae", "--data", "8gaussians", "--steps", 5, "--seed", 3, "--out", out)[0] == 0
    a, b = (Path(out, "model", "model.safetensors").read_bytes() for out in ("a", "b"))
    assert a == b


def test_free_names_are_found_when_no_out_is_given(call):
    for name in ("runs/vae-8gaussians", "runs/vae-8gaussians-2"):
        assert call("train", "vae", "--data", "8gaussians", "--steps", 1)[0] == 0
        assert Path(name, "run.json").exists()


def test_dry_run_shows_the_resolved_settings_and_leaves_nothing(
    call, workplace: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outlook, "time_steps", lambda *run, **limit: Timing((0.01,), {}, 1))
    code, out, err = call("train", "avae", "--data", photos, "--dry-run", "--method.beta", 5)
    assert code == 0
    assert json.loads(out)["method"]["beta"] == 5
    assert "resized" in err
    assert not Path("runs").exists()


def test_samples_can_be_improved(call):
    assert call("train", "wae-mmd", "--data", "8gaussians", "--steps", 2, "--out", "toy")[0] == 0
    flags = {"plain": (), "moved": ("--improve",), "chosen": ("--improve.reject", 4, "--improve.steps", 0)}
    made = {}
    for name, options in flags.items():
        code, _, err = call("sample", "toy", "-n", 5, "--out", f"{name}.npy", *options)
        assert code == 0, err
        made[name] = np.load(f"{name}.npy")
        assert made[name].shape == (5, 2)
    assert not np.array_equal(made["plain"], made["moved"])
    assert not np.array_equal(made["plain"], made["chosen"])
    code, _, err = call("sample", "toy", "--improve.reject", 0)
    assert code == 2
    assert "reject" in err


def test_inspection_shows_the_size_that_training_takes(call, photos: Path):
    code, out, err = call("data", "inspect", photos)
    assert code == 0, err
    assert call("train", "vae", "--data", photos, "--steps", 1, "--out", "run", "--arch.width", 2)[0] == 0
    height, width = json.loads(Path("run/data.json").read_text())["shape"][1:]
    assert f"{height}x{width}x3" in out
    assert "cropped and resized" in out


def test_inspection_of_images_that_no_network_takes(call):
    np.save("small.npy", np.random.default_rng(0).random((8, 4, 4)))
    code, out, _ = call("data", "inspect", "small.npy")
    assert code == 0
    assert "4x4x1" in out
    assert "dcgan cannot be built" in out


def test_a_runs_own_way_of_judging_counts_wherever_the_run_is_named(call, trained: Path):
    path = trained / "run.json"
    record = json.loads(path.read_text())
    record["run"]["evaluation"]["metrics"] = ["psnr"]
    path.write_text(json.dumps(record))
    for args in ((trained, "--device", "cpu"), ("--device", "cpu", trained)):
        code, _, err = call("evaluate", *args)
        assert code == 0, err
        scores = json.loads((trained / "scores.json").read_text())["scores"]
        assert {score["metric"] for score in scores} == {"psnr"}


def test_python_takes_paths(photos: Path):
    settings = {"arch.width": 2, "prepare.size": 16, "training.batch_size": 4}
    run = chimerae.train("vae", data=photos, steps=1, out="run", settings=settings)
    assert chimerae.load(run).shape == (3, 16, 16)


def test_a_dry_run_keeps_standard_output_for_the_settings(call, workplace: Path):
    code, out, err = call("train", "vae", "--data", "digits", "--steps", "9", "--dry-run")
    assert code == 0
    assert err.startswith("plan: vae on digits\n")
    assert json.loads(out)["method"]["name"] == "vae"
    assert json.loads(out)["steps"] == 9
    assert list(workplace.iterdir()) == []
