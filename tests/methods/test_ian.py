from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy

from chimerae.methods import IAN
from chimerae.networks import DCGAN, MLP
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import observe, standing


def case(**options) -> Case:
    return Case(IAN(z_dim=3, **options), MLP(width=8), (2,))


def test_losses_by_hand():
    chosen = case(update="simultaneous", w_pixels=2.0, w_features=5.0, beta=0.7)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        (losses,) = standing(state, x)
    C, E, D = (state.nets.modules[name] for name in ("critic", "encoder", "decoder"))
    (l_real, f_real), (eps, z) = C(x), tape.draws
    q = E(f_real)
    x_r, x_f = D(q.mu + q.sigma * eps), D(z)
    (l_r, f_r), (l_f, _) = C(x_r), C(x_f)

    def said(logits: torch.Tensor, outcome: int) -> torch.Tensor:
        return cross_entropy(logits, torch.full((len(logits),), outcome))

    torch.testing.assert_close(losses["critic"], said(l_real, 0) + said(l_r, 1) + said(l_f, 2))
    decoder = (
        said(l_r, 0) + said(l_f, 0) + 2 * 2 * (x - x_r).abs().mean() + 5 * (f_real - f_r).square().mean()
    )
    torch.testing.assert_close(losses["decoder"], decoder)
    torch.testing.assert_close(losses["encoder"], decoder + 0.7 * q.kl_per_dim().mean())


def test_a_steady_critic_pays_for_the_slope_of_its_odds_that_data_are_data():
    """`3 / 2 * 2 |slope|^2` on every third step, where the odds are those of probabilities."""
    steady, free = (case(update="simultaneous", r1=weight, r1_every=3) for weight in (2.0, 0.0))
    for step, due in ((0, True), (1, False), (3, True)):
        tape, again = Tape(), Tape()
        state, x = steady.state(), steady.batch()
        with tape.recording(0):
            (paid,) = standing(state, x, step)
        with again.recording(0):
            (unpaid,) = standing(free.state(), x, step)
        leaf = x.clone().requires_grad_()
        p = state.nets.modules["critic"](leaf)[0].softmax(1)[:, 0]
        (slope,) = torch.autograd.grad((p / (1 - p)).log().sum(), leaf)
        expected = 3.0 * slope.square().sum(1).mean() * due
        torch.testing.assert_close(paid["critic"] - unpaid["critic"], expected, rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(paid["encoder"], unpaid["encoder"])  # no other loss has it


@through(
    "update, turns",
    [
        ("alternating_minibatch", [[{"decoder", "encoder"}], [{"critic"}]] * 2),
        ("simultaneous", [[{"critic", "decoder", "encoder"}]] * 4),
    ],
)
def test_order_of_updates(update, turns):
    state = case(update=update).state()
    seen = [[set(turn.losses) for turn in observe(state, case().batch(step), step)] for step in range(4)]
    assert seen == turns


def test_the_trunk_is_shared_and_moved_by_the_critic_alone():
    """The encoder is a small head: its loss does not move the features it reads."""
    chosen = Case(IAN(z_dim=3, update="simultaneous"), DCGAN(width=2), (1, 8, 8))
    state = chosen.state()
    assert [type(m).__name__ for m in state.nets.modules["encoder"].children()] == ["Linear"]
    (turn,) = observe(state, chosen.batch())
    again = chosen.state()
    (losses,) = list(standing(again, chosen.batch()))
    player = again.players["encoder"]
    losses["encoder"].backward(inputs=player.params)
    assert all(
        p.grad is None for name in ("critic", "decoder") for p in again.nets.modules[name].parameters()
    )
    assert {key.split(".")[0] for key in turn.filled} == {"critic", "encoder", "decoder"}


def test_reconstructions_are_constants_to_the_critic():
    """Its loss does not come back to the trunk through features, code and decoder."""
    chosen, tape = case(update="simultaneous"), Tape()
    state, slow, x = chosen.state(), chosen.state(), chosen.batch()
    with tape.recording(0):
        (turn,) = observe(state, x)
    C, E, D = (slow.nets.modules[name] for name in ("critic", "encoder", "decoder"))
    q = E(C(x)[1])
    seen = [x, D(q.mu + q.sigma * tape.draws[0]).detach(), D(tape.draws[1]).detach()]
    told = sum(cross_entropy(C(one)[0], torch.full((len(x),), i)) for i, one in enumerate(seen))
    told.backward()
    for key, p in C.named_parameters():
        torch.testing.assert_close(turn.filled[f"critic.{key}"], p.grad)


def test_running_statistics_of_the_trunk_are_those_of_data_alone():
    chosen = Case(IAN(z_dim=3), DCGAN(width=2), (1, 8, 8))
    state, alone = chosen.state(), chosen.state().nets.modules["critic"]
    alone(chosen.batch())
    observe(state, chosen.batch())
    for ours, expected in zip(state.nets.modules["critic"].buffers(), alone.buffers(), strict=True):
        torch.testing.assert_close(ours, expected, rtol=0, atol=0)


def test_encodes_with_the_critics_features():
    chosen = case()
    nets, x = chosen.state().nets, chosen.batch()
    with nets.evaluating():
        q = chosen.method.encode(nets, x)
        torch.testing.assert_close(q.mu, nets.encoder(nets.critic(x)[1]).mu)
    assert chosen.method.exported == ("critic", "encoder", "decoder")
