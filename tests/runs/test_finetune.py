"""`--from MODEL --train decoder`: whose weights a run begins with, and that the encoder never moves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

import chimerae
from chimerae.errors import InputError
from chimerae.methods import KLGAN
from chimerae.networks import Spatial
from chimerae.runs.train import train
from chimerae.training.checkpoint import read_state
from tests.foreign.makers import DOWN, UP, kl, pixels, tiny

QUICK: dict[str, Any] = {
    "method.perceptual_weight": 0.0,
    "training.batch_size": 4,
    "training.threads": 1,
    "arch.patch_width": 2,
}
DATA = {"train": pixels(16, seed=1), "test": pixels(8)}
LIKE_SPATIAL: dict[str, Any] = {
    "block_out_channels": (8, 16),
    "down_block_types": (DOWN, DOWN),
    "up_block_types": (UP, UP),
    "norm_num_groups": 2,
    "latent_channels": 3,
}


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def begun(out: str, steps: int = 3, **settings: Any) -> Path:
    arch = settings.pop("arch", Spatial(width=4, factor=4, patch_width=2))
    chosen = {k: v for k, v in QUICK.items() if not k.startswith("arch.")} | settings
    return train("kl-gan", data=DATA, arch=arch, steps=steps, out=out, settings=chosen, quiet=True)


def finetuned(origin: str | Path, out: str, steps: int = 3, **settings: Any) -> Path:
    chosen = {k: v for k, v in QUICK.items() if k != "arch.patch_width" or "spatial" in settings} | {
        "method.train": "decoder",
        **settings,
    }
    chosen.pop("spatial", None)
    return train("kl-gan", data=DATA, init=origin, steps=steps, out=out, settings=chosen, quiet=True)


def saved(run: Path) -> dict[str, Tensor]:
    return load_file(run / "model" / "model.safetensors")


def of(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    found = {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
    assert found
    return found


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_the_encoder_keeps_every_bit_while_decoder_and_critic_move():
    first = begun("first", **{"method.critic_start": 0.0})
    second = finetuned(first, "second", 4)
    before, after = saved(first), saved(second)
    assert same(of(before, "encoder."), of(after, "encoder."))
    assert not same(of(before, "decoder."), of(after, "decoder."))
    states = [read_state(run / "state")[0] for run in (first, second)]
    assert not any(name.startswith("ema/encoder/") for name in states[1])  # it is its own average
    assert same(of(states[1], "nets/encoder/"), of(before, "encoder."))
    assert not same(of(states[0], "nets/critic/"), of(states[1], "nets/critic/"))
    assert not any(name.startswith("optimizer/autoencoder") and "encoder." in name for name in states[1])


def test_statistics_of_normalisation_in_the_encoder_stay_too():
    from chimerae.networks import DCGAN

    first = begun("first", arch=DCGAN(width=2), **{"method.critic_start": 0.0, "method.z_dim": 4})
    second = finetuned(first, "second", 4)
    before, after = (of(saved(run), "encoder.") for run in (first, second))
    assert any("running_mean" in name for name in before)
    assert same(before, after)
    running = [of(saved(run), "decoder.") for run in (first, second)]
    names = [name for name in running[0] if "running_mean" in name]
    assert not all(torch.equal(running[0][name], running[1][name]) for name in names)


def test_only_the_critic_moves_in_its_warm_up():
    first = begun("first")
    second = finetuned(first, "second", 3, **{"method.critic_warmup": 3, "training.ema": 0.0})
    assert same(saved(first), saved(second))
    state = read_state(second / "state")[0]
    theirs = read_state(first / "state")[0]
    assert not same(of(state, "nets/critic/"), of(theirs, "nets/critic/"))
    assert not any(name.startswith("optimizer/autoencoder") for name in state)
    third = finetuned(first, "third", 4, **{"method.critic_warmup": 3})
    assert not same(of(saved(first), "decoder."), of(saved(third), "decoder."))


def test_the_critic_of_the_run_is_taken(monkeypatch: pytest.MonkeyPatch):
    first = begun("first", **{"method.critic_start": 0.0})
    theirs = of(read_state(first / "state")[0], "nets/critic/")
    second = finetuned(first, "second", 1, **{"training.players": {"critic": {"lr": 1e-30}}})
    ours = of(read_state(second / "state")[0], "nets/critic/")
    floats = [name for name, t in theirs.items() if t.is_floating_point() and "running" not in name]
    assert all(torch.equal(theirs[name], ours[name]) for name in floats)


def test_an_interrupted_run_goes_on_with_the_same_bits_without_its_origin(tmp_path: Path):
    first = begun("first")
    whole = finetuned(first, "whole", 6)
    half = finetuned(first, "half", 3)
    first.rename(tmp_path / "elsewhere")
    chimerae.resume(half, steps=6, quiet=True)
    record = json.loads((half / "run.json").read_text())["run"]
    assert record["init"] == str(first)
    assert same(of(saved(whole), "encoder."), of(saved(half), "encoder."))
    assert chimerae.load(half).reconstruct(torch.rand(2, 3, 16, 16)).shape == (2, 3, 16, 16)


def test_a_vae_of_ours_keeps_its_last_activation():
    settings = {"training.threads": 1, "training.batch_size": 4, "method.z_dim": 48}
    arch = Spatial(width=4, factor=4)
    first = train("vae", data=DATA, arch=arch, steps=2, out="first", settings=settings, quiet=True)
    second = finetuned(first, "second", 2, **{"method.critic_warmup": 2, "training.ema": 0.0})
    x = torch.rand(2, 3, 16, 16)
    a, b = (chimerae.load(run) for run in (first, second))
    assert torch.equal(a.encode(x).mu, b.encode(x).mu)
    assert torch.equal(a.decode(a.encode(x).mu), b.decode(b.encode(x).mu))
    assert isinstance(b.method, KLGAN)
    assert b.method.output == "tanh"


@pytest.mark.parametrize("mixed", [True, False])
def test_an_autoencoder_of_diffusers_is_taken_with_its_outputs(mixed: bool, tmp_path: Path):
    library = pytest.importorskip("diffusers")
    options = LIKE_SPATIAL | {"use_quant_conv": mixed, "use_post_quant_conv": mixed}
    folder = kl(tmp_path / "kl", **options)
    run = finetuned(folder, "run", 2, **{"method.critic_warmup": 2, "training.ema": 0.0})
    ours, theirs = (
        chimerae.load(run),
        library.AutoencoderKL.from_pretrained(folder, low_cpu_mem_usage=False),
    )
    x = torch.rand(2, 3, 16, 16)
    with torch.no_grad():
        q = theirs.encode(2 * x - 1).latent_dist
        y = theirs.decode(q.mean).sample
    torch.testing.assert_close(ours.encode(x).mu, q.mean.flatten(1), rtol=1e-5, atol=1e-6)
    made = ours.decode(q.mean.flatten(1))
    torch.testing.assert_close(made, (y / 2 + 0.5).clamp(0, 1), rtol=1e-5, atol=1e-6)
    ours.save_diffusers(tmp_path / "back")
    back = load_file(tmp_path / "back" / "diffusion_pytorch_model.safetensors")
    assert same(back, load_file(folder / "diffusion_pytorch_model.safetensors"))


def test_older_names_of_attention_are_read(tmp_path: Path):
    from safetensors.torch import save_file

    folder = kl(tmp_path / "kl", **LIKE_SPATIAL)
    path = folder / "diffusion_pytorch_model.safetensors"
    new = finetuned(folder, "new", 1, **{"method.critic_warmup": 1, "training.ema": 0.0})
    older = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    tensors = load_file(path)
    for now, before in older.items():
        tensors = {name.replace(now, before): t for name, t in tensors.items()}
    save_file(tensors, path)
    old = finetuned(folder, "old", 1, **{"method.critic_warmup": 1, "training.ema": 0.0})
    assert same(saved(new), saved(old))


def test_whatever_cannot_be_continued_is_one_line(tmp_path: Path):
    first = begun("first", 1)
    gan = train("gan", data=DATA, steps=1, out="gan", settings={"arch.width": 2}, quiet=True)
    odd = kl(tmp_path / "odd", **(LIKE_SPATIAL | {"block_out_channels": (8, 8)}))
    groups = kl(tmp_path / "groups", **(LIKE_SPATIAL | {"norm_num_groups": 4}))
    gone = kl(tmp_path / "gone", **LIKE_SPATIAL)
    (gone / "diffusion_pytorch_model.safetensors").unlink()
    cases: list[tuple[str | Path, dict[str, Any], str]] = [
        ("nothing/here", {}, "nothing/here"),
        (gan, {}, "is a gan without encoder: kl-gan cannot begin with it"),
        (odd, {}, r"has the channels \[8, 8\], which spatial has not"),
        (groups, {}, "norm_num_groups 4, and spatial has 2"),
        (tiny(tmp_path / "tiny"), {}, "class AutoencoderTiny; an AutoencoderKL can be trained further"),
        (gone, {}, "only weights as safetensors are opened"),
        (first, {"arch.width": 8}, "the encoder of .*first does not fit the settings of this run"),
        (first, {"method.output": "tanh"}, "ends in linear; leave --method.output"),
    ]
    for origin, settings, hint in cases:
        with pytest.raises(InputError, match=hint) as refused:
            finetuned(origin, "out", **settings)
        assert "\n" not in str(refused.value)
        assert not Path("out").exists()
    with pytest.raises(InputError, match="the encoder would keep its random weights: name a model"):
        begun("out", **{"method.train": "decoder"})
    with pytest.raises(InputError, match="--from is for kl-gan; vae begins with networks of its own"):
        train("vae", data=DATA, init=first, steps=1, out="out", quiet=True)
    assert not Path("out").exists()


def test_grey_images_of_a_colour_model_get_three_channels(tmp_path: Path):
    grey = {"train": pixels(16, channels=1, seed=1)[..., 0], "test": pixels(8, channels=1)[..., 0]}
    chosen = {k: v for k, v in QUICK.items() if k != "arch.patch_width"} | {"method.train": "decoder"}
    folder = kl(tmp_path / "kl", **LIKE_SPATIAL)
    run = train("kl-gan", data=grey, init=folder, steps=1, out="run", settings=chosen, quiet=True)
    assert chimerae.load(run).shape == (3, 16, 16)


def test_as_a_newcomer_types_it(capfd: pytest.CaptureFixture[str], tmp_path: Path):
    from chimerae.cli import main

    kl(tmp_path / "kl", **LIKE_SPATIAL)
    told = (
        "--data",
        "digits",
        "--steps",
        "2",
        "--batch-size",
        "4",
        "--perceptual-weight",
        "0",
        "--out",
        "run",
    )
    assert main(["train", "kl-gan", "--from", "kl", "--train", "decoder", "--critic-warmup", "1", *told]) == 0
    record = json.loads(Path("run/run.json").read_text())["run"]
    assert (record["init"], record["method"]["train"], record["method"]["critic_start"]) == (
        "kl",
        "decoder",
        0.0,
    )
    assert main(["bench", "kl-gan", "--from", "kl"]) == 2
    assert "--from is for train" in capfd.readouterr().err
