from __future__ import annotations

import torch
from torch.nn.functional import softplus

from chimerae.methods import VAEGAN
from chimerae.networks import MLP
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import standing


def case(**options) -> Case:
    return Case(VAEGAN(z_dim=3, **options), MLP(width=8), (2,))


@through("fakes", ["samples", "recons", "both"])
@through("reduction", ["mean", "sum"])
def test_losses_by_hand(fakes, reduction):
    chosen = case(fakes=fakes, reduction=reduction, beta=3.0, gamma=0.5, adv_loss="saturating")
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        (losses,) = standing(state, x)
    E, D, C = state.nets.encoder, state.nets.decoder, state.nets.critic
    q = E(x)
    (c_real, f_real), (c_r, f_r) = C(x), C(D(q.mu + q.sigma * tape.draws[0]))
    rec = 0.5 * (f_real - f_r).square().sum(1)
    games = {"recons": [c_r]}.get(fakes, [c_r] * (fakes == "both") + [C(D(tape.draws[-1]))[0]])
    total = getattr(torch.Tensor, reduction)
    torch.testing.assert_close(losses["encoder"], total(3 * q.kl() + rec))
    torch.testing.assert_close(losses["decoder"], total(0.5 * rec - sum(softplus(c) for c in games)))
    torch.testing.assert_close(losses["critic"], total(softplus(-c_real) + sum(softplus(c) for c in games)))


def test_sum_is_mean_times_batch():
    tape, losses = Tape(), []
    for reduction in ("mean", "sum"):
        chosen = case(reduction=reduction)
        with tape.recording(0):
            losses.append(standing(chosen.state(), chosen.batch())[0])
    for player in losses[0]:
        torch.testing.assert_close(losses[1][player], 6 * losses[0][player])


@through("fakes, draws", [("samples", 2), ("recons", 1), ("both", 2)])
def test_samples_are_only_made_when_the_critic_sees_them(fakes, draws):
    chosen, tape = case(fakes=fakes), Tape()
    with tape.recording(0):
        standing(chosen.state(), chosen.batch())
    assert len(tape.draws) == draws


def test_defaults_are_those_of_the_switchboard():
    assert VAEGAN() == VAEGAN(
        z_dim=100, beta=1.0, gamma=1e-2, adv_loss="linear", fakes="both", reduction="mean"
    )
