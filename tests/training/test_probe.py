"""Measurements of what a model draws, against closed forms, and that they leave training alone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

import chimerae
from chimerae.data import prepare
from chimerae.gaussian import Gaussian
from chimerae.labels import one_hot
from chimerae.methods import AVAE, GAN, VAE
from chimerae.networks import DCGAN, MLP
from chimerae.runs.learn import _with_training_samples
from chimerae.runs.train import train
from chimerae.training.measures import of_classes, of_codes, of_pairs, of_samples
from chimerae.training.probe import CODES, FEWEST, PROBES, SAMPLES_BETWEEN, Probe
from tests.helpers.cases import Case
from tests.helpers.runs import log_of, saved, tiny_run
from tests.helpers.standins import digits, standins


def draws(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_variety_and_offset_are_shares_of_the_variance_of_data():
    x = draws(500, 3) * torch.tensor([1.0, 2.0, 3.0])
    values = of_samples(0.5 * x + torch.tensor([2.0, 0.0, 0.0]), x)
    assert values["variety"] == pytest.approx(0.25)
    moved = (0.5 * x + torch.tensor([2.0, 0.0, 0.0])).mean(0) - x.mean(0)
    assert values["offset"] == pytest.approx(moved.square().sum().item() / x.var(0).sum().item())


def test_an_unrelated_reconstruction_has_twice_the_variance_and_returns_nothing():
    x = draws(4000, 2)
    values = of_pairs(draws(4000, 2, seed=1), x)
    assert values["rec_error"] == pytest.approx(2.0, abs=0.1)
    assert values["returned"] == pytest.approx(0.0, abs=0.05)


def test_a_faint_reconstruction_returns_its_share():
    x = draws(50, 4)
    assert of_pairs(0.3 * x, x)["returned"] == pytest.approx(0.3)


def test_variety_within_classes_is_the_pooled_variance_of_a_loop():
    y = torch.tensor([0, 0, 0, 2, 2, 4])
    x, samples = draws(6, 3), draws(6, 3, seed=1)
    hot = torch.eye(5)[y]

    def pooled(rows: torch.Tensor) -> float:
        groups = [rows[y == label] for label in (0, 2, 4)]
        return sum((g - g.mean(0)).square().sum().item() for g in groups) / (len(rows) - 3)

    found = of_classes(samples, hot, x, hot)["class_variety"]
    assert found == pytest.approx(pooled(samples) / pooled(x))
    assert of_classes(samples, hot, x, torch.eye(6)) == {}


@pytest.mark.parametrize("alike", [True, False])
def test_a_generator_of_one_image_for_each_class_is_measured(monkeypatch, alike):
    """All classes together it has variety."""
    split = prepare("digits").train
    images, labels = split.take(range(CODES)), split.labels[:CODES]

    def drawn(self, nets, z):
        wanted = z[:, -10:].argmax(1)
        rows = [torch.nonzero(labels == label).flatten() for label in wanted]
        made = torch.stack([images[r[0] if alike else r[i % len(r)]] for i, r in enumerate(rows)])
        return self.value_range.from_unit(made)

    monkeypatch.setattr(VAE, "generate", drawn)
    state = Case(VAE(z_dim=3, classes=10), MLP(width=8), (1, 8, 8)).state()
    probe = Probe(state.method, images, 0, labels=one_hot(labels, 10))
    values = probe.measure(state.final_nets(), 1.0)
    assert values["variety"] > 0.3
    assert (values["class_variety"] == pytest.approx(0.0, abs=1e-9)) is alike
    assert alike or values["class_variety"] > 0.5


def test_codes_are_compared_where_they_are_used():
    z, mu = draws(64, 4), draws(64, 4, seed=1) * torch.tensor([1.0, 1.0, 0.05, 0.0])
    noisy = 0.5 * z * torch.tensor([1.0, 1.0, -9.0, 9.0])
    values = of_codes(Gaussian(mu, torch.zeros(4)), Gaussian(noisy, torch.zeros(4)), z)
    assert values["used_codes"] == 0.5
    assert values["read_back"] == pytest.approx(1.0)
    assert values["kl_ratio"] == pytest.approx(noisy.square().sum().item() / mu.square().sum().item())


def test_unused_codes_are_not_read_back_and_points_have_no_kl():
    z = draws(64, 2)
    silent = Gaussian(torch.zeros(64, 2), torch.zeros(2))
    assert of_codes(silent, silent, z) == {"used_codes": 0.0}
    assert set(of_codes(Gaussian.point(z), Gaussian.point(z), z)) == {"used_codes", "read_back"}


def test_what_is_clipped_in_a_picture_is_clipped_here_but_its_size_is_told():
    wild = standins("vae").but(
        decoder=lambda z: torch.where(z[:, :1, None, None] > 0, 99.0, -99.0).expand(-1, 1, 8, 8)
    )
    plain = standins("vae").but(
        decoder=lambda z: torch.where(z[:, :1, None, None] > 0, 1.0, -1.0).expand(-1, 1, 8, 8)
    )
    a, b = wild.values(0.9), plain.values(0.9)
    assert a["variety"] == b["variety"]
    assert (a["biggest"], b["biggest"] < 10) == (99.0, True)


def test_nothing_is_measured_without_data_that_vary():
    state = Case(GAN(z_dim=3), DCGAN(width=2), (1, 8, 8)).state()
    few, same = digits()[: FEWEST - 1], digits()[:1].expand(CODES, -1, -1, -1)
    for data in (few, same):
        assert Probe(state.method, data, 0).measure(state.final_nets(), 1.0) == {}
    assert Probe(state.method, digits()[:FEWEST], 0).measure(state.final_nets(), 1.0)


@pytest.mark.parametrize("arch", [DCGAN(width=2), MLP(width=8)], ids=lambda arch: arch.name)
def test_it_leaves_no_trace_and_repeats_itself(arch):
    state = Case(AVAE(z_dim=3, use_xi=True), arch, (1, 8, 8)).state()
    for module in state.nets.modules.values():
        module.train()
    before = {name: tensor.clone() for name, tensor in state.tensors().items()}
    generator = torch.get_rng_state()
    probe = Probe(state.method, digits(), seed=0)
    first = probe.measure(state.nets, 0.5)
    assert first == probe.measure(state.nets, 0.5)
    assert first != Probe(state.method, digits(), seed=1).measure(state.nets, 0.5)
    assert torch.equal(torch.get_rng_state(), generator)
    assert all(torch.equal(before[name], tensor) for name, tensor in state.tensors().items())
    assert all(module.training for module in state.nets.modules.values())
    assert all(p.grad is None for module in state.nets.modules.values() for p in module.parameters())


def test_long_runs_spend_two_percent_and_short_runs_are_seen_often():
    probe = Probe(VAE(z_dim=2), digits(), 0)
    horizon, batch = 100_000, 64
    steps = [step for step in range(3001) if probe.due(step, step - 1, batch, horizon)]
    assert steps[:3] == [0, SAMPLES_BETWEEN // batch, 2 * SAMPLES_BETWEEN // batch]
    assert len([step for step in range(1, 1001) if probe.due(step, step - 1, 2, 1000)]) == PROBES
    assert probe.due(7, None, batch, horizon)
    assert probe.due(horizon, horizon - 1, 48, horizon)


@pytest.mark.usefixtures("no_pictures")
def test_the_log_has_measurements_where_they_are_due_and_they_hold_between(tmp_path, monkeypatch):
    monkeypatch.setattr("chimerae.training.probe.PROBES", 2)
    monkeypatch.setattr(Probe, "measure", lambda self, nets, progress: {"variety": 0.001})
    lines = log_of(train(tiny_run("vae", steps=6), out=tmp_path / "run"))
    assert [bool(line["drawn"]) for line in lines] == [True, False, True, False, False, True]
    assert [line["health"] for line in lines] == ["samples alike"] * 6


@pytest.mark.usefixtures("no_pictures")
def test_measuring_does_not_change_what_is_learnt(tmp_path, monkeypatch):
    run = tiny_run("avae", "dcgan", ema=0.0)
    train(run, out=tmp_path / "with")
    monkeypatch.setattr(Probe, "measure", lambda self, nets, progress: {})
    train(run, out=tmp_path / "without")
    one, other = saved(tmp_path / "with"), saved(tmp_path / "without")
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_the_networks_that_are_saved_are_measured(tmp_path, monkeypatch, ema):
    """Averages where there are any: measured once more, they give the numbers of the last line."""
    probes = []

    def measure(self, nets, progress):
        probes.append((self, progress))
        return original(self, nets, progress)

    original = Probe.measure
    monkeypatch.setattr(Probe, "measure", measure)
    folder = train(tiny_run("vae", "dcgan", ema=ema), out=tmp_path / "run")
    probe, progress = probes[-1]
    assert progress == 1.0
    assert original(probe, chimerae.load(folder, device="cpu").nets, 1.0) == pytest.approx(
        log_of(folder)[-1]["drawn"], rel=1e-4
    )


class Sevens:
    """A split of points `(7, 7)`."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def take(self, indices: range) -> torch.Tensor:
        return torch.full((len(indices), 2), 7.0)


@pytest.mark.parametrize(("tests", "trained", "n"), [(3, 500, CODES), (3, 10, 13), (70, 500, 70)])
def test_a_small_test_split_is_filled_up_from_training(tests, trained, n):
    prepared = SimpleNamespace(train=Sevens(trained))
    filled = _with_training_samples(torch.zeros(tests, 2), prepared)
    assert len(filled) == n
    assert not filled[:tests].any()
    assert (filled[tests:] == 7.0).all()
