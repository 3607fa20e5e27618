"""N steps straight equal N/2 steps, a crash, and the rest from files: to the last bit, for every method."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from chimerae.errors import InputError
from chimerae.methods import METHODS
from chimerae.networks import MLP
from chimerae.runs.folder import read_run
from chimerae.runs.train import resume, train
from tests.helpers.runs import Crash, after, assert_same_run, crash, log_of, saved, tiny_run

EXPONENTIAL = {"schedule": "exponential"}
RUNS = {
    "vae-dcgan": tiny_run("vae", "dcgan", optimizer=EXPONENTIAL),
    "vae-mlp-accumulate": tiny_run("vae", grad_accumulation=2, ema=0.0),
    "gan-dcgan-rmsprop": tiny_run("gan", "dcgan", optimizer={"kind": "rmsprop", "schedule": "linear"}),
    "gan-mlp-alternating": tiny_run(
        "gan", method={"update": "alternating"}, grad_accumulation=2, optimizer={"schedule": "cosine"}
    ),
    "gan-mlp-minibatch": tiny_run("gan", method={"update": "alternating_minibatch"}),
    "wgan-gp-dcgan-one-player-unmoved": tiny_run("wgan-gp", "dcgan", method={"n_critic": 4}),
    "wgan-gp-mlp": tiny_run("wgan-gp", method={"n_critic": 2}, ema=0.0, optimizer={"clip": 0.1}),
    "vae-gan-dcgan-flip": tiny_run("vae-gan", "dcgan", flip=True, ema=0.0),
    "vae-dcgan-augmented": tiny_run("vae", "dcgan", flip=True, random_crop=2, random_resize=0.7),
    "vae-gan-mlp-players": tiny_run(
        "vae-gan",
        method={"fakes": "samples", "reduction": "sum"},
        players={"critic": {"lr": 1e-3, "schedule": "steps"}, "encoder": {"kind": "rmsprop"}},
    ),
    "avae-dcgan-accumulate": tiny_run(
        "avae",
        "dcgan",
        method={"use_xi": True},
        grad_accumulation=2,
        optimizer={"clip": 1.0, "weight_decay": 0.01},
    ),
    "biadversarial-decoder-with-nothing-to-learn": replace(
        tiny_run("biadversarial", method={"generative_disc": "none", "recon_weight": 4.0}),
        arch=MLP(width=8, decoder_kind="fold"),
        data="folded",
    ),
    "introvae-residual-warm-up": tiny_run("introvae", "residual", method={"warmup_steps": 2, "m": 20.0}),
    "introvae-dcgan": tiny_run("introvae", "dcgan", method={"hinge": "batch_mean"}, grad_accumulation=2),
    "soft-introvae-mlp-copied-after-4-and-saved-after-3": tiny_run(
        "soft-introvae", method={"variant": "bootstrap", "gamma_r": 1.0, "target_every": 4, "beta_neg": 4.0}
    ),
    "soft-introvae-dcgan-bootstrap": tiny_run(
        "soft-introvae", "dcgan", method={"variant": "bootstrap", "target_every": 2, "warmup_steps": 1}
    ),
    "gan-style": tiny_run(
        "gan", "style", method={"mixing": 0.9, "path_length": 2.0, "path_length_every": 2, "r1": 1.0}
    ),
    "soft-introvae-residual": tiny_run("soft-introvae", "residual", method={"gamma_r": 1e-8}),
    "as-introvae-mlp-warm-up": tiny_run("as-introvae", method={"warmup_steps": 2, "schedule": "tanh"}),
    "as-introvae-dcgan": tiny_run("as-introvae", "dcgan", method={"pair": "real_fake"}),
    "avae-mlp-sigma": tiny_run("avae", method={"latent_warmup": 0.5}, optimizer={"sigma_lr_scale": 20.0}),
    "wae-mmd-dcgan": tiny_run("wae-mmd", "dcgan", method={"pretrain": 4, "add_noise": 0.1}),
    "wae-mmd-mlp-accumulate": tiny_run("wae-mmd", method={"aef": 0.5}, grad_accumulation=2),
    "wae-gan-dcgan": tiny_run("wae-gan", "dcgan", players={"critic": {"lr": 1e-3}}),
    "aae-dcgan": tiny_run("aae", "dcgan", grad_accumulation=2),
    "id-gan-dcgan-at-the-turn": tiny_run("id-gan", "dcgan", optimizer={"kind": "rmsprop"}),
    "ian-dcgan": tiny_run("ian", "dcgan", grad_accumulation=2),
    "kl-gan-dcgan-at-the-start-of-the-game": tiny_run("kl-gan", "dcgan", grad_accumulation=2),
    "avae-frozen-dcgan": tiny_run(
        "avae-frozen", "dcgan", method={"encoder": "efficientnet:1+random", "encoder_side": 8}
    ),
    "bigan-dcgan": tiny_run("bigan", "dcgan", method={"sigma": "free"}),
    "alice-dcgan": tiny_run("alice", "dcgan", method={"cycle": "implicit"}),
    "biadversarial-dcgan": tiny_run("biadversarial", "dcgan", grad_accumulation=2),
}


def test_every_method_is_resumed_here_with_convolutions():
    """Without them, `tests/outside/test_check_method.py` stops each and lets it go on."""
    resumed = {(type(run.method), run.arch.name) for run in RUNS.values()}
    assert resumed >= {(method, "dcgan") for method in METHODS}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
@pytest.mark.usefixtures("no_pictures")
def test_a_crash_leaves_no_trace(run, tmp_path):
    train(run, out=tmp_path / "straight")
    with pytest.raises(Crash):
        train(run, out=tmp_path / "crashed", callbacks=after(4, crash))
    assert saved(tmp_path / "crashed")["step"] == 3
    assert [line["step"] for line in log_of(tmp_path / "crashed")] == [1, 2, 3, 4]
    resume(tmp_path / "crashed")
    assert_same_run(tmp_path / "straight", tmp_path / "crashed")
    assert [line["step"] for line in log_of(tmp_path / "crashed")] == [1, 2, 3, 4, 5, 6]


def test_pictures_do_not_change_what_is_learnt(tmp_path, monkeypatch):
    run = tiny_run("avae", "dcgan", picture_every=2)
    train(run, out=tmp_path / "with")
    assert (
        len(list((tmp_path / "with" / "samples").iterdir())) == 8
    )  # after steps 1, 2, 4, 6: two sheets each
    monkeypatch.setattr("chimerae.training.previews.Previews.draw", lambda self, nets, step: None)
    train(run, out=tmp_path / "without")
    assert_same_run(tmp_path / "with", tmp_path / "without")


@pytest.mark.usefixtures("no_pictures")
def test_with_a_horizon_a_run_is_the_beginning_of_a_longer_one(tmp_path):
    settings = {"optimizer": {"schedule": "linear", "final": 0.0}}
    train(tiny_run("as-introvae", **settings), out=tmp_path / "whole")
    train(tiny_run("as-introvae", steps=3, schedule_steps=6, **settings), out=tmp_path / "begun")
    assert [line["lr"] for line in log_of(tmp_path / "begun")] == [
        line["lr"] for line in log_of(tmp_path / "whole")[:3]
    ]
    resume(tmp_path / "begun", steps=6)
    assert_same_run(tmp_path / "whole", tmp_path / "begun")


@pytest.mark.usefixtures("no_pictures")
def test_neither_do_the_log_nor_the_states(tmp_path):
    train(tiny_run("avae", "dcgan"), out=tmp_path / "often")
    train(tiny_run("avae", "dcgan", log_every=100, save_every=100), out=tmp_path / "rarely")
    often, rarely = saved(tmp_path / "often"), saved(tmp_path / "rarely")
    assert all(torch.equal(often[key], rarely[key]) for key in often)
    assert [line["step"] for line in log_of(tmp_path / "rarely")] == [6]


@pytest.mark.usefixtures("no_pictures")
def test_nothing_outside_changes_what_is_learnt(tmp_path):
    run = tiny_run("gan")
    torch.manual_seed(1)
    train(run, out=tmp_path / "a")
    torch.manual_seed(2)
    before = torch.get_rng_state()
    train(run, out=tmp_path / "b")
    assert torch.equal(torch.get_rng_state(), before), "the caller's generator was touched"
    assert_same_run(tmp_path / "a", tmp_path / "b")


@pytest.mark.usefixtures("no_pictures")
def test_a_finished_run_is_resumed_to_nothing_and_may_go_on_for_longer(tmp_path):
    folder = train(tiny_run("vae"), out=tmp_path / "run")
    before = saved(folder)
    resume(folder)
    assert all(torch.equal(before[key], tensor) for key, tensor in saved(folder).items())
    resume(folder, steps=8)
    assert saved(folder)["step"] == 8
    assert [line["step"] for line in log_of(folder)] == [*range(1, 9)]
    assert json.loads((folder / "run.json").read_text())["run"]["steps"] == 8
    train(tiny_run("vae", steps=8), out=tmp_path / "straight")
    assert_same_run(folder, tmp_path / "straight")
    with pytest.raises(InputError, match="8 steps already"):
        resume(folder, steps=7)


@pytest.mark.usefixtures("no_pictures")
def test_another_seed_is_another_run(tmp_path):
    a, b = (saved(train(tiny_run("vae"), out=tmp_path / str(seed), seed=seed)) for seed in (1, 2))
    assert a.keys() == b.keys()
    assert any(not torch.equal(a[key], b[key]) for key in a if key.startswith("nets/"))


@pytest.mark.usefixtures("no_pictures")
def test_a_run_of_a_certain_time_has_the_rest_of_it_after_a_stop(tmp_path):
    """Its six steps were found before something slow beside it ended."""
    with pytest.raises(Crash):
        train(tiny_run("vae", seconds=2.0), out=tmp_path / "run", callbacks=after(4, crash))
    resume(tmp_path / "run")
    last = json.loads((tmp_path / "run" / "log.jsonl").read_text().splitlines()[-1])
    assert last["step"] == read_run(tmp_path / "run").steps > 6
    assert 1.5 < last["seconds"] < 3.0
