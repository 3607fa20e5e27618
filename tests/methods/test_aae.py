from __future__ import annotations

import torch
from torch.nn.functional import softplus

from chimerae import noise
from chimerae.methods import AAE, Clock
from chimerae.networks import MLP
from chimerae.training.players import play_batch
from chimerae.training.settings import Changes, Optimizer
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import observe, standing


def case(**options) -> Case:
    return Case(AAE(z_dim=3, **options), MLP(width=8), (2,))


@through("sigma", ["none", "free"])
def test_losses_by_hand(sigma):
    chosen = case(sigma=sigma)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        turns = standing(state, x)
    eps, eps_again, z = tape.draws
    E, D, A = state.nets.encoder, state.nets.decoder, state.nets.critic
    q = E(x)
    rec = 0.5 * (x - D(q.mu + q.sigma * eps)).square().sum(1)
    z_q = q.mu + q.sigma * eps_again
    torch.testing.assert_close(turns[0]["autoencoder"], rec.mean())
    torch.testing.assert_close(turns[1]["critic"], (softplus(-A(z)) + softplus(A(z_q))).mean())
    torch.testing.assert_close(turns[2]["generator"], softplus(-A(z_q)).mean())


def test_three_phases_each_moving_its_own():
    state = case().state()
    turns = observe(state, case().batch())
    assert [set(turn.losses) for turn in turns] == [{"autoencoder"}, {"critic"}, {"generator"}]
    moved = [{key.split(".")[0] for key in turn.moved} for turn in turns]
    assert moved == [{"encoder", "decoder"}, {"critic"}, {"encoder"}]


def test_every_phase_meets_networks_as_the_last_one_left_them():
    """Against phases played one by one, everything computed again."""
    state, slow, tape, x = case().state(), case().state(), Tape(), case().batch()
    with tape.recording(0):
        observe(state, x)
    E, D, A = (slow.nets.modules[name] for name in ("encoder", "decoder", "critic"))
    z = tape.draws[2]
    losses = {
        "autoencoder": lambda: 0.5 * (x - D(E(x).mu)).square().sum(1).mean(),
        "critic": lambda: (softplus(-A(z)) + softplus(A(E(x).mu.detach()))).mean(),
        "generator": lambda: softplus(-A(E(x).mu)).mean(),
    }
    for name, loss in losses.items():
        player = slow.players[name]
        player.clear()
        loss().backward(inputs=player.params)
        player.step(0.0)
    for name, module in slow.nets.items():
        for ours, theirs in zip(state.nets.modules[name].parameters(), module.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_the_encoder_has_an_optimiser_for_each_of_its_two_tasks():
    state = case().state()
    observe(state, case().batch())
    tensors = state.tensors()
    first, second = (tensors[f"optimizer/{name}/0/exp_avg"] for name in ("autoencoder", "generator"))
    assert first.shape == second.shape
    assert not torch.equal(first, second)
    again = case().state(seed=1)
    again.load(tensors, 1)
    assert all(torch.equal(tensor, tensors[key]) for key, tensor in again.tensors().items())


def test_codes_come_to_look_like_the_prior():
    method = AAE(z_dim=1)
    training = {"optimizer": Optimizer(lr=2e-3), "players": {"critic": Changes(lr=5e-3)}}
    state = Case(method, MLP(width=32), (2,)).state(**training)

    def line(n: int, step: int) -> torch.Tensor:
        along = torch.randn(n, 1, generator=noise.generator("line", step))
        return torch.tensor([2.0, -1.5]) + along * torch.tensor([1.0, 0.8])

    for step in range(600):
        torch.manual_seed(step)
        play_batch(method, state.nets, state.players, [line(64, step)], Clock(step, 600))
    x = line(2000, -1)
    with state.nets.evaluating():
        codes = method.encode(state.nets, x).mu
        made = method.generate(state.nets, codes)
    assert codes.mean().abs() < 0.35
    assert 0.65 < codes.std() < 1.35
    assert (made - x).square().sum(1).mean() < 0.05
