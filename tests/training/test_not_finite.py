"""A run that leaves the numbers stops, says who and when, and keeps the state from before."""

from __future__ import annotations

import os
import signal

import pytest
import torch

from chimerae import cli
from chimerae.methods import VAE
from chimerae.runs.train import train
from chimerae.training.players import NotFinite, check_state
from tests.helpers.rows import through
from tests.helpers.runs import log_of, saved, tiny_run


def spoilt_from(step: int):
    """VAE's play, with a loss that is NaN from `step` on (counted from 0)."""
    play = VAE.play

    def spoilt(self, nets, x, clock):
        losses = play(self, nets, x, clock)
        return losses if clock.step < step else {name: loss * float("nan") for name, loss in losses.items()}

    return spoilt


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("log_every", [1, 100])
def test_a_loss_that_is_no_number_ends_the_run(tmp_path, monkeypatch, log_every):
    monkeypatch.setattr(VAE, "play", spoilt_from(4))
    with pytest.raises(NotFinite, match=r"'vae' became nan at step 5; .*--set lr="):
        train(tiny_run("vae", log_every=log_every), out=tmp_path / "run")
    assert saved(tmp_path / "run")["step"] == 3
    assert all(t.isfinite().all() for t in saved(tmp_path / "run").values())
    assert len(log_of(tmp_path / "run")) == (4 if log_every == 1 else 0)


@pytest.mark.usefixtures("no_pictures")
def test_a_stop_does_not_save_what_is_no_number(tmp_path, monkeypatch):
    """The loss is looked at on few steps; a signal may come between them."""
    play = VAE.play

    def spoilt(self, nets, x, clock):
        if clock.step == 3:
            next(nets.modules["encoder"].parameters()).data.fill_(float("nan"))
            os.kill(os.getpid(), signal.SIGTERM)
        return play(self, nets, x, clock)

    monkeypatch.setattr(VAE, "play", spoilt)
    with pytest.raises(NotFinite, match="at step 4"):
        train(tiny_run("vae", log_every=100), out=tmp_path / "run")
    assert saved(tmp_path / "run")["step"] == 3


@pytest.mark.usefixtures("no_pictures")
def test_on_the_command_line_it_is_one_line_and_exit_code_2(tmp_path, capsys):
    args = "train vae --data digits --arch mlp --steps 20 --training.optimizer.lr 1e30 --training.log-every 1"
    assert cli.main([*args.split(), "--training.device", "cpu", "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1].startswith("chimerae: the loss of 'vae' became")


@through(
    "name, said",
    [
        ("nets/b/weight", "'b/weight' holds"),
        ("ema/b/weight", "'ema/b/weight' holds"),
        ("optimizer/b/0/exp_avg_sq", "'optimizer/b/0/exp_avg_sq' holds"),
    ],
)
@through("value", [float("nan"), float("-inf")])
def test_the_first_tensor_is_named(name: str, said: str, value: float):
    good = {"nets/a/weight": torch.ones(2), "buffers/best": torch.tensor(float("inf"))}
    check_state(good, 1)
    with pytest.raises(NotFinite, match=said):
        check_state(good | {name: torch.tensor([1.0, value])}, 1)
