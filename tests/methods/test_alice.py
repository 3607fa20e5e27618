from __future__ import annotations

import torch
from torch.nn.functional import softplus

from chimerae.methods import ALICE, BiGAN
from chimerae.methods.alice import CYCLES
from chimerae.networks import DCGAN, MLP
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import standing

FORMULAS = {
    "non_saturating": lambda c: softplus(-c),
    "saturating": lambda c: -softplus(c),
    "linear": lambda c: -c,
    "probability": lambda c: -torch.sigmoid(c),
}
ERRORS = {"l1": lambda a, b: (a - b).abs().mean(1), "l2": lambda a, b: (a - b).square().mean(1)}


def case(**options) -> Case:
    return Case(ALICE(z_dim=3, **options), MLP(width=8), (2,))


@through("cycle", ["l1", "l2", "implicit"])
@through("code_cycle", ["l1", "l2"])
@through("adv_loss", FORMULAS)
def test_losses_by_hand(cycle, code_cycle, adv_loss):
    chosen = case(cycle=cycle, code_cycle=code_cycle, adv_loss=adv_loss, lambda_x=2.0, lambda_z=0.5)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        (losses,) = standing(state, x)
    z, eps, eps_back = tape.draws
    E, G, C, fool = state.nets.encoder, state.nets.generator, state.nets.critic, FORMULAS[adv_loss]
    q, x_fake = E(x), G(z)
    z_q = q.mu + q.sigma * eps
    back = E(x_fake)
    c_real, c_fake, x_r = C(x, z_q), C(x_fake, z), G(z_q)
    if cycle == "implicit":
        second = state.nets.cycle_critic
        c_same, c_cycle = second(torch.cat([x, x], 1)), second(torch.cat([x, x_r], 1))
        torch.testing.assert_close(losses["cycle_critic"], (softplus(-c_same) + softplus(c_cycle)).mean())
        error = fool(c_cycle)
    else:
        error = ERRORS[cycle](x, x_r)
    codes = ERRORS[code_cycle](z, back.mu + back.sigma * eps_back)
    expected = fool(-c_real) + fool(c_fake) + 2.0 * error + 0.5 * codes
    torch.testing.assert_close(losses["pair"], expected.mean())
    torch.testing.assert_close(losses["critic"], (softplus(-c_real) + softplus(c_fake)).mean())


def test_without_weights_it_is_ali():
    ours, theirs = case(lambda_x=0.0, lambda_z=0.0), Case(BiGAN(z_dim=3, sigma="free"), MLP(width=8), (2,))
    tape = Tape()
    with tape.recording(0):
        (losses,) = standing(ours.state(), ours.batch())
    with tape.playing():
        (expected,) = standing(theirs.state(), theirs.batch())
    torch.testing.assert_close(losses, expected, rtol=0, atol=0)


@through("cycle", ["l1", "l2"])
def test_published_weights_go_with_means_over_values(cycle):
    """An image tiled 2 x 2 costs what it costs alone; the codes' cycle does not grow with the code."""
    chosen = Case(ALICE(z_dim=3, cycle=cycle), MLP(width=8), (1, 4, 4))
    x, y = torch.rand(2, 5, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    once, _ = CYCLES[cycle](chosen.method, chosen.state().nets, x, y)
    tiled, _ = CYCLES[cycle](chosen.method, chosen.state().nets, x.tile(1, 1, 2, 2), y.tile(1, 1, 2, 2))
    torch.testing.assert_close(tiled, once)


def test_the_second_critic_sees_both_samples_at_once():
    chosen = Case(ALICE(z_dim=3, cycle="implicit"), DCGAN(width=2), (3, 8, 8))
    state = chosen.state()
    seen: list[torch.Tensor] = []
    state.nets.modules["cycle_critic"].register_forward_pre_hook(
        lambda _module, inputs: seen.append(inputs[0])
    )
    x = chosen.batch()
    standing(state, x)
    same, cycle = seen
    assert same.shape == cycle.shape == (6, 6, 8, 8)
    assert torch.equal(same, torch.cat([x, x], 1))
    assert torch.equal(cycle[:, :3], x)
    assert not torch.equal(cycle[:, 3:], x)


def test_who_plays_depends_on_the_cycle():
    assert set(ALICE().players) == {"pair", "critic"}
    assert set(ALICE(cycle="implicit").players) == {"pair", "critic", "cycle_critic"}


def test_encoder_statistics_are_those_of_data_alone():
    chosen = Case(ALICE(z_dim=3), DCGAN(width=2), (1, 8, 8))
    state, alone = chosen.state(), chosen.state().nets.modules["encoder"]
    standing(state, chosen.batch())
    alone(chosen.batch())
    for ours, expected in zip(state.nets.modules["encoder"].buffers(), alone.buffers(), strict=True):
        torch.testing.assert_close(ours, expected, rtol=0, atol=0)


def test_defaults():
    assert ALICE() == ALICE(
        z_dim=100,
        sigma="free",
        cycle="l1",
        code_cycle="l1",
        lambda_x=1.0,
        lambda_z=1.0,
        adv_loss="non_saturating",
    )
