from __future__ import annotations

from math import prod, sqrt
from types import SimpleNamespace

import torch
from torch import nn

from chimerae import noise
from chimerae.losses.penalties import R1, gradient_penalty
from chimerae.nets import Autocast, Network
from tests.helpers.rows import through
from tests.helpers.tape import Tape


def pair(shape: tuple[int, ...], n: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(0)
    return torch.randn(n, *shape, generator=g), torch.randn(n, *shape, generator=g)


@through("shape", [(2,), (1, 4, 4), (3, 4, 6)])
@through("a", [-3.0, 0.5, 1.0])
def test_of_a_multiple_of_the_sum(shape, a):
    """f(x) = a sum(x) has a slope of |a| sqrt(P) everywhere, P values per sample."""
    values = gradient_penalty(lambda x: a * x.flatten(1).sum(1), *pair(shape))
    expected = (abs(a) * sqrt(prod(shape)) - 1) ** 2
    torch.testing.assert_close(values, torch.full((4,), expected), rtol=1e-4, atol=1e-5)


def test_no_slope_costs_one_and_has_a_gradient():
    weight = torch.zeros(2, requires_grad=True)
    values = gradient_penalty(lambda x: x @ weight, *pair((2,)))
    values.sum().backward()
    torch.testing.assert_close(values, torch.ones(4), rtol=0, atol=1e-4)
    assert weight.grad.isfinite().all()


def test_gradient_reaches_the_weights():
    """d/dw (|w| - 1)^2 = 2 (|w| - 1) w / |w|."""
    weight = torch.tensor([3.0, 4.0], requires_grad=True)
    gradient_penalty(lambda x: x @ weight, *pair((2,))).mean().backward()
    torch.testing.assert_close(weight.grad, torch.tensor([4.8, 6.4]))


def test_is_taken_between_real_and_fake_with_one_share_per_sample():
    (x, x_fake), tape, seen = pair((3, 2, 2)), Tape(), []

    def critic(u: torch.Tensor) -> torch.Tensor:
        seen.append(u.detach().clone())
        return u.flatten(1).square().sum(1)

    with tape.recording(0):
        gradient_penalty(critic, x, x_fake)
    (share,) = tape.draws
    assert share.shape == (4,)
    torch.testing.assert_close(seen[0], x + share[:, None, None, None] * (x_fake - x))


def test_is_per_sample():
    critic, (x, x_fake), tape = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)), pair((2,)), Tape()
    with tape.recording(0):
        whole = gradient_penalty(lambda u: critic(u)[:, 0], x, x_fake)
    with tape.playing(lambda draw: draw[:1]):
        first = gradient_penalty(lambda u: critic(u)[:, 0], x[:1], x_fake[:1])
    torch.testing.assert_close(whole[:1], first)


def test_nothing_reaches_the_samples():
    x, x_fake = (t.requires_grad_() for t in pair((2,)))
    weight = torch.ones(2, requires_grad=True)
    gradient_penalty(lambda u: u.square() @ weight, x, x_fake).sum().backward()
    assert x.grad is None
    assert x_fake.grad is None
    assert weight.grad is not None


class Steep(nn.Module):
    """`c = a |x|^2 / 2 + b z`: slopes `a x` and `b`."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.tensor(3.0, dtype=torch.float64))
        self.b = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))

    def forward(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return 0.5 * self.a * x.square().flatten(1).sum(1) + self.b * z[:, 0]


def test_r1_is_half_the_weight_times_the_squared_slope_over_all_inputs():
    """gamma/2 (a^2 |x|^2 + b^2), times `every`; d/da of its mean is gamma every a |x|^2."""
    g = noise.generator("r1")
    x = torch.randn(4, 3, 2, 2, generator=g, dtype=torch.float64)
    z = torch.randn(4, 1, generator=g, dtype=torch.float64)
    critic = Network(Steep(), Autocast())
    norms = x.square().flatten(1).sum(1)
    c, penalty = R1(0.7, 4)(critic, 8, x, z)
    torch.testing.assert_close(c, critic(x, z))
    torch.testing.assert_close(penalty, 4 * 0.35 * (9.0 * norms + 4.0))
    (slope,) = torch.autograd.grad(penalty.mean(), critic.module.a)
    torch.testing.assert_close(slope, 4 * 0.7 * 3.0 * norms.mean())


@through("r1, step", [(R1(0.0, 1), 0), (R1(1.0, 4), 6)])
def test_r1_costs_nothing_where_it_is_not_due(r1, step):
    x, z = torch.ones(2, 3), torch.ones(2, 1)
    c, penalty = r1(Network(Steep(), Autocast()), step, x, z)
    assert c.shape == (2,)
    assert penalty.tolist() == [0.0, 0.0]
    assert not penalty.requires_grad


def test_r1_lets_gradients_through_to_who_made_the_code():
    maker = torch.ones(2, 1, dtype=torch.float64, requires_grad=True)
    c, _ = R1(1.0)(Network(Steep(), Autocast()), 0, torch.ones(2, 3, dtype=torch.float64), 5.0 * maker)
    c.sum().backward()
    assert maker.grad.tolist() == [[10.0], [10.0]]


def test_r1_takes_the_logit_of_a_critic_that_shows_features():
    def critic(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return 2.0 * x.sum(1), x

    seen = SimpleNamespace(__call__=critic, in_float32=critic)
    (_, features), penalty = R1(2.0)(seen, 0, torch.ones(2, 3))
    assert penalty.tolist() == [12.0, 12.0]
    assert features.shape == (2, 3)
