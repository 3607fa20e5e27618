"""What the loop hands to a method, and what it leaves in the run folder."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

import chimerae
from chimerae.methods import VAE
from chimerae.runs.train import train
from chimerae.training import loop
from chimerae.training.ema import EMA
from tests.helpers.runs import log_of, saved, tiny_run

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list:
    """Batches and clocks that VAE's play is given."""
    calls, play = [], VAE.play

    def listening(self, nets, x, clock):
        calls.append((x, clock))
        return play(self, nets, x, clock)

    monkeypatch.setattr(VAE, "play", listening)
    return calls


def test_images_come_in_the_range_of_the_method_and_channels_last(seen, tmp_path):
    train(tiny_run("vae", "dcgan"), out=tmp_path / "run")
    assert [clock.step for _, clock in seen] == [*range(6)]
    for x, _ in seen:
        assert x.shape == (8, 1, 8, 8)
        assert x.min() == -1.0
        assert x.is_contiguous(memory_format=torch.channels_last)
    assert max(x.max() for x, _ in seen) == 1.0


def test_images_are_mirrored_when_that_is_asked_for(seen, tmp_path):
    train(tiny_run("vae", "dcgan", steps=1), out=tmp_path / "plain")
    train(tiny_run("vae", "dcgan", steps=1, flip=True), out=tmp_path / "flipped")
    (plain, _), (flipped, _) = seen
    turned = [torch.equal(a, b.flip(-1)) for a, b in zip(plain, flipped, strict=True)]
    kept = [torch.equal(a, b) for a, b in zip(plain, flipped, strict=True)]
    assert any(turned)
    assert any(kept)
    assert all(a or b for a, b in zip(turned, kept, strict=True))


def test_points_come_as_they_are(seen, tmp_path):
    train(tiny_run("vae"), out=tmp_path / "run")
    assert all(x.shape == (8, 2) for x, _ in seen)
    assert torch.cat([x for x, _ in seen]).abs().max() > 2


def test_a_batch_is_played_in_parts(seen, tmp_path):
    train(tiny_run("vae", grad_accumulation=4), out=tmp_path / "run")
    assert len(seen) == 4 * 6
    assert all(x.shape == (2, 2) for x, _ in seen)


def test_only_steps_that_are_logged_are_watched(seen, tmp_path):
    folder = train(tiny_run("vae", log_every=4), out=tmp_path / "run")
    assert [clock.step for _, clock in seen if clock.logged is not None] == [3, 5]
    assert [line["step"] for line in log_of(folder)] == [4, 6]
    assert all(clock.total == 6 for _, clock in seen)


def test_what_is_watched_is_the_mean_over_the_parts(seen, tmp_path):
    folder = train(tiny_run("vae", grad_accumulation=2), out=tmp_path / "run")
    for line, (_, clock) in zip(log_of(folder), seen[::2], strict=True):
        assert len(clock.logged["rec"]) == 2
        assert line["logged"]["rec"] == pytest.approx(sum(clock.logged["rec"]).item() / 2)
        assert line["losses"]["vae"] == pytest.approx(line["logged"]["rec"] + line["logged"]["kl"], rel=1e-5)


def test_the_log_says_what_happened(tmp_path):
    folder = train(tiny_run("avae", optimizer={"schedule": "linear", "final": 0.0}), out=tmp_path / "run")
    lines = log_of(folder)
    for i, line in enumerate(lines):
        assert line["step"] == i + 1
        assert set(line["losses"]) == {"vae", "generator", "critic"}
        assert {"rec", "kl", "c_real", "c_fake"} <= set(line["logged"])
        assert line["lr"] == pytest.approx(dict.fromkeys(line["losses"], 2e-4 * (1 - i / 6)))
        assert line["health"]
    seconds = [json.loads(text)["seconds"] for text in (folder / "log.jsonl").read_text().splitlines()]
    assert seconds == sorted(seconds)


def test_averages_follow_every_step(tmp_path, monkeypatch):
    steps, update = [], EMA.update
    monkeypatch.setattr(EMA, "update", lambda self, step: (steps.append(step), update(self, step)))
    train(tiny_run("vae"), out=tmp_path / "run")
    assert steps == [*range(6)]


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_the_model_is_the_average_or_the_last_weights(tmp_path, ema):
    folder = train(tiny_run("vae", ema=ema), out=tmp_path / "run")
    model, state = chimerae.load(folder, device="cpu"), saved(folder)
    room = "ema" if ema else "nets"
    for name, module in model.nets.items():
        for key, tensor in module.state_dict().items():
            assert torch.equal(tensor, state[f"{room}/{name}/{key}"])
    assert model.step == 6
    assert any(key.startswith("ema/") for key in state) == bool(ema)


def test_as_many_states_as_asked_for_are_kept(tmp_path):
    folder = train(tiny_run("vae", save_every=1, keep=2), out=tmp_path / "run")
    kept = sorted(path.name[:13] for path in (folder / "state").glob("step-*"))
    assert kept == ["step-00000005", "step-00000006"]


def test_every_step_has_noise_of_its_own_and_the_seed_decides_it(tmp_path, monkeypatch):
    drawn: list[torch.Tensor] = []
    played = loop.play_batch

    def play(*args, **named):
        drawn.append(torch.randn(4))
        return played(*args, **named)

    monkeypatch.setattr(loop, "play_batch", play)
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        train(replace(tiny_run("vae", steps=3), seed=seed), out=tmp_path / name)
    first, again, other = (torch.stack(drawn[i : i + 3]) for i in (0, 3, 6))
    assert torch.equal(first, again)
    assert len({*first.flatten().tolist(), *other.flatten().tolist()}) == 24
