from __future__ import annotations

import torch

from chimerae.methods import WGANGP, Clock
from chimerae.nets import Autocast, Nets
from chimerae.networks import DCGAN, MLP
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import observe, standing


def case(**options) -> Case:
    return Case(WGANGP(z_dim=3, **options), MLP(width=8), (2,))


def test_losses_by_hand():
    chosen = case(n_critic=1, penalty=0.1)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        critic, generator = standing(state, x)
    z, share, z_again = tape.draws
    C, G = state.nets.critic, state.nets.generator
    x_fake = G(z).detach()
    u = (x + share[:, None] * (x_fake - x)).requires_grad_()
    (slope,) = torch.autograd.grad(C(u).sum(), u)
    gp = (slope.norm(dim=1) - 1).square()
    torch.testing.assert_close(critic["critic"], (C(x_fake) - C(x)).mean() + 0.1 * gp.mean())
    torch.testing.assert_close(generator["generator"], -C(G(z_again)).mean())


@through("n_critic", [1, 3, 5])
def test_the_generator_plays_after_every_nth_critic_step_and_not_in_the_first(n_critic):
    chosen = case(n_critic=n_critic)
    state = chosen.state()
    played = [[*turn.losses] for step in range(10) for turn in observe(state, chosen.batch(step), step)]
    expected = []
    for step in range(10):
        expected += [["critic"]] + ([["generator"]] if (step + 1) % n_critic == 0 else [])
    assert played == expected


def test_the_penalty_moves_the_critic():
    """Without it the critic's gradient is another one: second derivatives arrive."""
    gradients = []
    for penalty in (0.0, 10.0):
        chosen, tape = case(penalty=penalty), Tape()
        with tape.recording(0):
            turn = observe(chosen.state(), chosen.batch())[0]
        gradients.append(torch.cat([g.flatten() for g in turn.filled.values()]))
    assert (gradients[0] - gradients[1]).abs().max() > 0.1


def test_the_penalty_is_taken_in_float32_whatever_the_networks_compute_in():
    torch.set_default_dtype(torch.float32)  # not the room's float64, which comes back after the test
    chosen, tape, clocks = case(n_critic=1), Tape(), []
    state, x = chosen.state(), chosen.batch()
    for bfloat16 in (False, True):
        nets, clock = Nets(state.nets.modules, Autocast("cpu", bfloat16)), Clock(0, 10, {})
        with tape.playing() if bfloat16 else tape.recording(0):
            next(chosen.method.turns(nets, x, clock))
        clocks.append({name: values[0] for name, values in clock.logged.items()})
    assert clocks[0]["c_real"] != clocks[1]["c_real"]
    torch.testing.assert_close(clocks[0]["penalty"], clocks[1]["penalty"], rtol=1e-2, atol=1e-3)


def test_the_generator_is_not_unrolled_in_the_critics_turn():
    chosen = case(n_critic=1)
    state = chosen.state()
    critic = next(chosen.method.turns(state.nets, chosen.batch(), Clock(0, 10)))["critic"]
    generator = list(state.nets.modules["generator"].parameters())
    assert all(g is None for g in torch.autograd.grad(critic, generator, allow_unused=True))


def test_a_critic_per_sample_has_no_batch_statistics():
    networks = WGANGP(z_dim=3).networks((1, 8, 8), DCGAN(width=2))
    assert not [m for m in networks["critic"].modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert [m for m in networks["generator"].modules() if isinstance(m, torch.nn.BatchNorm2d)]
