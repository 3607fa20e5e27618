from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from chimerae import noise
from chimerae.losses.penalties import squared_slope
from chimerae.methods import IDGAN, Clock
from chimerae.networks import DCGAN, MLP
from chimerae.training.players import play_batch
from chimerae.training.settings import Optimizer
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import buffers, observe, parameters, standing

IMAGES = (DCGAN(width=2), (1, 8, 8))
POINTS = (MLP(width=8), (2,))
VAE_STEP, GAN_STEP = 0, 50
"""Of a hundred steps, of which the VAE has half."""


def case(arch: MLP | DCGAN = POINTS[0], shape: tuple[int, ...] = POINTS[1], **options) -> Case:
    return Case(IDGAN(z_dim=3, s_dim=2, **options), arch, shape)


def test_losses_of_the_first_stage_by_hand():
    state, tape, x = case(beta=3.0).state(), Tape(), case().batch()
    with tape.recording(0):
        (losses,) = standing(state, x, VAE_STEP)
    q = state.nets.encoder(x)
    rec = 0.5 * (x - state.nets.decoder(q.mu + q.sigma * tape.draws[0])).square().sum(1)
    torch.testing.assert_close(losses["vae"], (rec + 3 * q.kl()).mean())


def test_losses_of_the_second_stage_by_hand():
    state, tape, x = case(w_info=0.7, r1=4.0).state(), Tape(), case().batch()
    with tape.recording(0):
        critic, generator = standing(state, x, GAN_STEP)
    eps, s, s_again = tape.draws
    E, G, C = state.nets.encoder, state.nets.generator, state.nets.critic
    q = E(x)
    c = (q.mu + q.sigma * eps).detach()
    x_fake, x_again, real = G(torch.cat([c, s], 1)), G(torch.cat([c, s_again], 1)), x.requires_grad_()
    (slope,) = torch.autograd.grad(C(real).sum(), real)
    told = softplus(-C(x)) + softplus(C(x_fake)) + 4 * slope.square().sum(1)
    torch.testing.assert_close(critic["critic"], told.mean())
    q = E(x_again)
    nll = -torch.distributions.Normal(q.mu, q.sigma).log_prob(c).sum(1)
    torch.testing.assert_close(generator["generator"], (softplus(-C(x_again)) + 0.7 * nll).mean())


def test_rare_penalties_weigh_as_much_as_frequent_ones():
    """Every third step: none at step 50, and at step 51 three times that of every step."""

    def told(step: int, **options: float) -> torch.Tensor:
        tape = Tape()
        with tape.recording(0):
            return standing(case(**options).state(), case().batch(), step)[0]["critic"]

    free, often = told(GAN_STEP, r1=0.0), told(GAN_STEP, r1=4.0)
    assert torch.equal(told(GAN_STEP, r1=4.0, r1_every=3), free)
    torch.testing.assert_close(told(GAN_STEP + 1, r1=4.0, r1_every=3) - free, 3 * (often - free))


def test_the_critic_has_batchnorm_only_by_option():
    for norm in (False, True):
        chosen = Case(IDGAN(z_dim=2, critic_norm=norm), DCGAN(width=2), (1, 8, 8))
        critic = chosen.state().nets.modules["critic"]
        assert any(isinstance(part, nn.BatchNorm2d) for part in critic.modules()) == norm


def test_stages_follow_the_clock():
    chosen = case(first_stage_share=0.25)
    played = [
        [set(losses) for losses in standing(chosen.state(), chosen.batch(), step)] for step in (0, 24, 25, 99)
    ]
    gan = [{"critic"}, {"generator"}]
    assert played == [[{"vae"}], [{"vae"}], gan, gan]


@through("arch, shape", [IMAGES, POINTS])
def test_the_encoder_is_frozen_in_the_second_stage(arch, shape):
    """Not a weight and not a running statistic of encoder and decoder changes."""
    chosen = case(arch, shape)
    state = chosen.state()
    observe(state, chosen.batch(), VAE_STEP)
    own = {key: p.detach().clone() for key, p in parameters(state).items()} | buffers(state)
    for step in range(3):
        observe(state, chosen.batch(step), GAN_STEP + step)
    now = {key: p.detach() for key, p in parameters(state).items()} | buffers(state)
    changed = {key.split(".")[0] for key in own if not torch.equal(own[key], now[key])}
    assert changed == {"generator", "critic"}


def test_the_frozen_encoder_uses_its_running_statistics():
    net = case(*IMAGES).state().nets
    x = torch.randn(6, 1, 8, 8, requires_grad=True)
    seen = net.encoder.in_eval_mode(x)
    assert all(m.training for m in net.modules["encoder"].modules())
    with net.evaluating():
        torch.testing.assert_close(net.encoder(x).mu, seen.mu)
    assert not torch.equal(net.encoder(x).mu, seen.mu)
    (slope,) = torch.autograd.grad(seen.mu.sum(), x)
    assert slope.any()


def test_training_mode_comes_back_after_an_error():
    net = case().state().nets
    with pytest.raises(RuntimeError):
        net.encoder.in_eval_mode(torch.zeros(2, 5))
    assert net.modules["encoder"].training


def test_the_generator_hears_of_both_of_its_terms():
    gradients = []
    for weight in (0.0, 1.0):
        state = case(w_info=weight).state()
        with noise.seeded(0):
            turns = observe(state, case().batch(), GAN_STEP)
        gradients.append(turns[1].filled)
    assert set(gradients[0]) == set(gradients[1]) == {k for k in gradients[0] if k.startswith("generator.")}
    assert all(not torch.equal(gradients[0][key], gradients[1][key]) for key in gradients[0])


def test_squared_slope_of_a_plane():
    """For f(x) = a sum(x): a^2 P, and twice differentiable."""
    plane = nn.Linear(6, 1, bias=False)
    nn.init.constant_(plane.weight, 3.0)
    x = torch.randn(4, 6, requires_grad=True)
    slope = squared_slope(plane(x).squeeze(1), x)
    torch.testing.assert_close(slope, torch.full((4,), 54.0))
    (gradient,) = torch.autograd.grad(slope.sum(), plane.weight)
    torch.testing.assert_close(gradient, torch.full((1, 6), 4 * 2 * 3.0))


def test_the_code_says_where_on_the_line_and_the_noise_says_the_rest():
    """Points on a line with a coin's step aside: the VAE reads the position, `s` supplies the coin."""
    method = IDGAN(z_dim=1, s_dim=1, beta=0.05, w_info=0.3, r1=0.2, first_stage_share=0.4)
    state = Case(method, MLP(width=48), (2,)).state(optimizer=Optimizer(lr=4e-3))

    def points(n: int, step: int) -> torch.Tensor:
        draw = noise.generator("coin", step)
        along, coin = 2 * torch.randn(n, generator=draw), torch.randint(2, (n,), generator=draw)
        return torch.stack([along, 0.6 * (2.0 * coin - 1.0)], 1)

    for step in range(700):
        torch.manual_seed(step)
        play_batch(method, state.nets, state.players, [points(64, step)], Clock(step, 700))
    x = points(1000, -1)
    with state.nets.evaluating(), noise.seeded("use"):
        made = method.generate(state.nets, method.encode(state.nets, x).mu)
        blurred = state.nets.decoder(method.encode(state.nets, x).mu)
    assert torch.corrcoef(torch.stack([made[:, 0], x[:, 0]]))[0, 1] > 0.95
    assert (made[:, 1].abs() > 0.3).float().mean() > 0.6
    assert (made[:, 1].abs() > 0.3).float().mean() > (blurred[:, 1].abs() > 0.3).float().mean()
