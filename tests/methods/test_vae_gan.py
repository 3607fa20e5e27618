from __future__ import annotations

from math import exp, log

import pytest
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


@through("fakes", ["samples", "recons", "both"])
@through("adv_loss", ["saturating", "non_saturating", "linear"])
def test_the_terms_of_larsens_code(fakes, adv_loss):
    """1e-3 inside the logarithms, half of the critic's loss for data and half for all fakes, and 1 - gamma of
    the game for the decoder; sample by sample.
    """
    options = {"log_offset": 1e-3, "critic_halves": True, "game_weight": "1 - gamma"}
    chosen = case(fakes=fakes, adv_loss=adv_loss, gamma=0.25, **options)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        (losses,) = standing(state, x)
    E, D, C = state.nets.encoder, state.nets.decoder, state.nets.critic
    q = E(x)
    (c_real, f_real), (c_r, f_r) = C(x), C(D(q.mu + q.sigma * tape.draws[0]))
    games = {"recons": [c_r]}.get(fakes, [c_r] * (fakes == "both") + [C(D(tape.draws[-1]))[0]])
    fool = {
        "saturating": lambda c: log(1 - sigmoid(c) + 1e-3),
        "non_saturating": lambda c: -log(sigmoid(c) + 1e-3),
        "linear": lambda c: -c,
    }[adv_loss]
    critic, decoder, n = 0.0, 0.0, len(x)
    for i in range(n):
        each = [float(c[i].detach()) for c in games]
        critic -= 0.5 * log(sigmoid(float(c_real[i].detach())) + 1e-3) / n
        critic -= sum(0.5 / len(each) * log(1 - sigmoid(c) + 1e-3) for c in each) / n
        rec = 0.5 * float((f_real[i] - f_r[i]).detach().square().sum())
        decoder += (0.25 * rec + 0.75 * sum(map(fool, each))) / n
    assert float(losses["critic"].detach()) == pytest.approx(critic, rel=1e-5)
    assert float(losses["decoder"].detach()) == pytest.approx(decoder, rel=1e-5)


def sigmoid(c: float) -> float:
    return 1 / (1 + exp(-c))


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
