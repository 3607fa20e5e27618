"""Improved sampling: the cost falls, codes move, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from chimerae import noise
from chimerae.codec import Codec
from chimerae.errors import InputError
from chimerae.evaluation.improved import best_of, cost, optimise_codes
from chimerae.methods import AVAE, METHODS, NoEncoder
from chimerae.model import Improve, Model, load
from chimerae.networks import DCGAN
from chimerae.runs.train import train
from chimerae.shapes import is_image
from chimerae.training.state import State
from tests.helpers.cases import PLAIN, SWITCHED, Case, by_method, small
from tests.helpers.rows import grouped, through

N = 40
ENCODING = [
    case for case in PLAIN if case.method.encodes and case.method.generates and case.arch.name in SWITCHED
]


def model_of(state: State, shape: tuple[int, ...]) -> Model:
    modules = {name: state.nets.modules[name].eval() for name in state.method.exported}
    nets = type(state.nets)(modules)
    return Model(state.method, nets, shape, 0, False, torch.device("cpu"))


def codec(model: Model) -> Codec:
    return Codec(model.method, model.nets, model.shape)


def codes(model: Model, n: int = N) -> torch.Tensor:
    with noise.seeded("codes"):
        return noise.normal(n, model.method.z_dim + model.method.noise_dim)


def tensors(model: Model) -> Iterator[torch.Tensor]:
    for module in model.nets.modules.values():
        yield from module.state_dict().values()


@pytest.fixture(scope="module")
def bent(tmp_path_factory) -> Model:
    """A small autoencoder of points that has learnt a little."""
    folder = tmp_path_factory.mktemp("improve") / "run"
    settings = {"method.z_dim": 2, "training.batch_size": 64, "training.ema": 0.0, "method.penalty": 5.0}
    train("wae-mmd", data="8gaussians", steps=300, out=folder, settings=settings)
    return load(folder)


@grouped("case", by_method(ENCODING))
def test_every_method_with_an_encoder_can_be_improved_and_nothing_but_codes_moves(case: Case):
    model = model_of(case.state(), case.shape)
    before = [t.clone() for t in tensors(model)]
    z = codes(model, 6)
    kept = z.clone()
    better = model.improve(z, Improve(steps=3, lr=0.1))
    assert better.shape == z.shape
    assert torch.equal(z, kept)
    assert not torch.equal(better[:, : model.method.z_dim], z[:, : model.method.z_dim])
    assert torch.equal(better[:, model.method.z_dim :], z[:, model.method.z_dim :])
    assert all(torch.equal(a, b) for a, b in zip(tensors(model), before, strict=True))
    assert all(p.grad is None for module in model.nets.modules.values() for p in module.parameters())
    made = model.sample(6, improve=Improve(steps=2))
    assert made.shape == (6, *case.shape)
    assert not made.requires_grad


@through("method", [m for m in METHODS if not small(m.name).encodes], ids=lambda m: m.name)
def test_a_method_without_encoder_says_so(method):
    case = next(case for case in PLAIN if type(case.method) is method)
    model = model_of(case.state(), case.shape)
    with pytest.raises(NoEncoder, match=method.name):
        model.sample(4, improve=Improve())


def test_the_cost_falls_on_average(bent: Model):
    z = codes(bent)
    with torch.no_grad():
        start = cost(codec(bent), z, "decoder").mean()
        means = []
        for steps in (20, 60, 200):
            better = optimise_codes(codec(bent), z, "decoder", Improve(steps=steps, lr=0.02))
            means.append(cost(codec(bent), better, "decoder").mean())
    assert start > means[0] > means[1] >= means[2]
    assert means[2] < 0.5 * start


def test_the_best_of_some_codes_is_kept(bent: Model):
    z = codes(bent, 4 * N)
    how = Improve(reject=4, steps=0)
    chosen = best_of(codec(bent), z, "decoder", how)
    with torch.no_grad():
        costs = cost(codec(bent), z, "decoder").view(N, 4)
        kept = cost(codec(bent), chosen, "decoder")
    torch.testing.assert_close(kept, costs.min(1).values)
    assert torch.equal(chosen, z.view(N, 4, -1)[torch.arange(N), costs.argmin(1)])
    assert torch.equal(bent.improve(z, how), chosen)


def test_improved_samples_lie_nearer_to_the_data(bent: Model):
    """Off the eight modes there is no data, and no fixed point."""
    angle = torch.arange(8) * torch.pi / 4
    modes = 2**0.5 * torch.stack([angle.cos(), angle.sin()], 1)

    def distance(x: torch.Tensor) -> torch.Tensor:
        return torch.cdist(x, modes).min(1).values.mean()

    plain = distance(bent.sample(500, seed=3))
    assert distance(bent.sample(500, seed=3, improve=Improve(reject=8, steps=0))) < plain


def test_without_steps_and_choice_codes_stay(bent: Model):
    assert torch.equal(bent.sample(9, improve=Improve(steps=0)), bent.sample(9))


def test_cost_by_hand_divides_out_contrast():
    case = Case(AVAE(z_dim=3, use_xi=True), DCGAN(width=2), (3, 16, 16))
    model = model_of(case.state(), case.shape)
    z = codes(model, 5)
    assert is_image(case.shape)
    with torch.no_grad():
        G, E = model.nets.generator, model.nets.encoder
        x = G(z)
        y = G(torch.cat([E(x).mu, z[:, 3:]], 1))
        a, b = (t / (t.var((1, 2, 3), correction=0, keepdim=True) + 1e-8).sqrt() for t in (x, y))
        torch.testing.assert_close(
            cost(codec(model), z, "generator"),
            (a - b).square().sum((1, 2, 3)),
            rtol=1e-3,
            atol=1e-3,
        )


def test_the_same_seed_gives_the_same_improved_samples(bent: Model):
    how = Improve(reject=2, steps=5, batch_size=7)
    assert torch.equal(bent.sample(10, seed=1, improve=how), bent.sample(10, seed=1, improve=how))
    assert not torch.equal(bent.sample(10, seed=1, improve=how), bent.sample(10, seed=2, improve=how))


def test_moving_stops_when_it_no_longer_pays(bent: Model):
    """A vanishing rate gains nothing: after the check at the fiftieth step codes are left alone."""
    z = codes(bent)
    stopped, later = (
        optimise_codes(codec(bent), z, "decoder", Improve(steps=steps, lr=1e-7)) for steps in (50, 5000)
    )
    assert torch.equal(stopped, later)


RULES = {
    "it falls by half a check": ([1.0, 0.5, 0.25, 0.125], 200),
    "it rises by half a check": ([1.0, 1.5, 2.3, 3.5], 200),
    "it hardly falls": ([1.0, 0.95, 0.5, 0.2], 50),
    "it hardly rises": ([1.0, 1.05, 2.0, 4.0], 50),
    "it falls, then stays": ([1.0, 0.5, 0.49, 0.1], 100),
    "it rises, then stays": ([1.0, 1.2, 1.5, 1.6], 150),
}
"""Costs after 1, 50, 100 and 150 steps, and the steps that the published code takes."""


@through("costs, steps", RULES.values(), ids=RULES)
def test_codes_move_until_their_cost_changes_by_less_than_a_tenth(bent: Model, costs, steps):
    taken = -1

    def planned(codec: Codec, z: torch.Tensor, by: str) -> torch.Tensor:
        nonlocal taken
        taken += 1
        known = {0: 1e6, 1: costs[0], 50: costs[1], 100: costs[2], 150: costs[3]}
        return known.get(taken, 1.0) / len(z) + (z - z.detach()).sum(1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chimerae.evaluation.improved.cost", planned)
        z = torch.zeros(10, 2)
        moved = optimise_codes(codec(bent), z, "decoder", Improve(lr=1e-3))
    torch.testing.assert_close(moved, z - 1e-3 * steps, rtol=1e-4, atol=0)  # Adam moves by its rate


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"reject": 0}, "reject"), ({"steps": -1}, "steps"), ({"lr": 0.0}, "lr"), ({"batch_size": 0}, "batch")],
)
def test_impossible_settings_are_refused_by_name(wrong, named):
    with pytest.raises(InputError, match=named):
        Improve(**wrong)


def test_codes_of_another_width_are_refused(bent: Model):
    for z, how in ((torch.zeros(4, 3), Improve()), (torch.zeros(5, 2), Improve(reject=2))):
        with pytest.raises(InputError, match="codes to improve"):
            bent.improve(z, how)
    with pytest.raises(InputError, match="did you mean 'decoder'"):
        bent.improve(torch.zeros(4, 2), network="decodr")
