"""`chimerae encode`: files, statistics, draws, flips, resuming, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

import chimerae
from chimerae import noise
from chimerae.cli import main
from chimerae.data import prepare
from chimerae.runs.folder import read_run

KL_GAN = (
    *("train", "kl-gan", "--data", "photos", "--steps", "3", "--prepare.size", "16", "--arch.width", "4"),
    *("--arch.factor", "4", "--arch.code-channels", "2", "--method.perceptual-weight", "0"),
    *("--arch.patch-width", "2", "--training.batch-size", "4", "--method.critic-start", "0"),
)


@pytest.fixture(scope="module")
def maps_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.cli.conftest import draw_photos

    place = tmp_path_factory.mktemp("maps")
    draw_photos(place / "photos")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("CHIMERAE_CACHE", str(place / "cache"))
        patch.setenv("CHIMERAE_DATA", "")
        assert main([*KL_GAN, "--out", "run"]) == 0
    return place / "run"


def codes_of(folder: Path, split: str, name: str = "codes") -> torch.Tensor:
    return torch.cat([load_file(path)[name] for path in sorted(folder.glob(f"{split}-*.safetensors"))])


def test_codes_are_maps_and_their_statistics_those_of_numpy(maps_once: Path, photos: Path, call):
    code, out, err = call("encode", maps_once, "--to", "codes", "--shard", "4", "--flips")
    assert code == 0, err
    run = read_run(maps_once)
    assert run.method.z_dim == 2 * 4 * 4
    data = prepare(run.data, run.prepare)
    model = chimerae.load(maps_once)
    train = codes_of(Path("codes"), "train")
    assert train.shape == (len(data.train), 2, 4, 4)
    x = data.train.take(range(len(data.train)))
    torch.testing.assert_close(train.flatten(1), model.encode(x).mu)
    flipped = codes_of(Path("codes"), "train", "flipped")
    torch.testing.assert_close(flipped.flatten(1), model.encode(x.flip(-1)).mu)
    assert codes_of(Path("codes"), "test").shape[0] == len(data.test)
    facts = json.loads(Path("codes/stats.json").read_text())
    both = np.concatenate([train.numpy(), flipped.numpy()]).astype(np.float64)
    assert facts["mean"] == pytest.approx(both.mean((0, 2, 3)).tolist(), rel=1e-6)
    assert facts["deviation"] == pytest.approx(both.std((0, 2, 3)).tolist(), rel=1e-6)
    assert (both * facts["scaling"]).std() == pytest.approx(1.0, rel=1e-6)
    assert (facts["code"], facts["flips"], facts["shape"]) == ("mean", True, [2, 4, 4])
    assert facts["counts"] == {"train": len(data.train), "test": len(data.test)}
    assert "2x4x4" in out
    with torch.no_grad():
        again = model.decode(train.flatten(1))
    torch.testing.assert_close(again, model.decode(model.encode(x).mu))


def test_draws_depend_on_the_sample_and_the_seed_alone(maps_once: Path, photos: Path, call):
    for to, shard, seed in (("a", "3", "5"), ("b", "100", "5"), ("c", "100", "6")):
        code, _, err = call(
            "encode", maps_once, "--to", to, "--code", "draw", "--shard", shard, "--seed", seed
        )
        assert code == 0, err
    a, b, c = (codes_of(Path(to), "train") for to in "abc")
    torch.testing.assert_close(a, b)
    assert not torch.equal(b, c)
    model = chimerae.load(maps_once)
    run = read_run(maps_once)
    x = prepare(run.data, run.prepare).train.take(range(len(a)))
    q = model.encode(x)
    eps = noise.rows(0, len(a), 32, "encode", "codes", 5)
    torch.testing.assert_close(a.flatten(1), q.mu + q.sigma * eps)


def test_whole_files_are_kept_and_missing_or_damaged_ones_are_made(maps_once: Path, photos: Path, call):
    asked = ("encode", maps_once, "--to", "codes", "--shard", "4")
    assert call(*asked)[0] == 0
    files = sorted(Path("codes").glob("*.safetensors"))
    assert len(files) >= 3
    before = {path: path.read_bytes() for path in Path("codes").iterdir()}
    stamp = files[0].stat().st_mtime_ns
    files[1].unlink()
    files[2].write_bytes(b"half")
    Path("codes/stats.json").unlink()
    assert call(*asked)[0] == 0
    assert {path: path.read_bytes() for path in Path("codes").iterdir()} == before
    assert files[0].stat().st_mtime_ns == stamp
    with safe_open(files[0], "pt") as file:
        assert file.metadata()["request"]


@pytest.mark.parametrize("more", [("--flips",), ("--code", "draw"), ("--shard", "100"), ("--seed", "1")])
def test_another_request_does_not_mix_with_these_files(maps_once: Path, photos: Path, call, more):
    same = () if more[0] == "--shard" else ("--shard", "4")  # files of other sizes have other names
    assert call("encode", maps_once, "--to", "codes", "--shard", "4")[0] == 0
    before = {path: path.read_bytes() for path in Path("codes").iterdir()}
    code, _, err = call("encode", maps_once, "--to", "codes", *same, *more)
    assert code == 2
    assert "choose another --to" in err
    assert {path: path.read_bytes() for path in Path("codes").iterdir()} == before


def test_codes_of_other_methods_are_vectors_with_labels_where_there_are_some(trained: Path, call):
    code, _, err = call("encode", trained, "--to", "codes", "--data", "photos")
    assert code == 0, err
    assert codes_of(Path("codes"), "train").shape[1:] == (3,)
    facts = json.loads(Path("codes/stats.json").read_text())
    assert len(facts["mean"]) == 3
    assert facts["shape"] == [3]


@pytest.mark.parametrize(
    ("args", "word"),
    [(("--shard", "0"), "--shard 0"), (("--data", "nowhere"), "nowhere"), (("--code", "mode"), "mode")],
)
def test_bad_requests_are_one_line(trained: Path, call, args, word):
    code, out, err = call("encode", trained, "--to", "codes", *args)
    assert (code, out) == (2, "")
    assert word in err.splitlines()[-1]


def test_sampling_is_refused_and_the_reason_is_given(maps_once: Path, photos: Path, call):
    code, _, err = call("sample", maps_once, "--out", "x.png")
    assert code == 2
    assert err.strip().splitlines()[-1].startswith("chimerae: kl-gan draws no samples: its KL is too slight")
    assert not Path("x.png").exists()
