"""On a grid: the best table of log-ratios, found by gradient, gives the divergence (methods.md 21)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from chimerae.losses.ratios import RATIOS, Game, bounded_exp, fgan, logistic
from tests.helpers.rows import through

GRID = torch.linspace(-4, 4, 41, dtype=torch.float64)
CLAMP = 10.0


def density(*parts: tuple[float, float, float]) -> Tensor:
    """Mixture of normals (weight, mean, deviation) on the grid, with sum 1."""
    p = sum(weight * Normal(mean, s).log_prob(GRID).exp() for weight, mean, s in parts)
    return p / p.sum()


A = density((1.0, 0.0, 1.0))
B = density((0.5, -1.5, 1.0), (0.5, 1.5, 1.2))


def kl(p: Tensor, q: Tensor) -> Tensor:
    return (p * (p / q).log()).sum()


def best(loss: Callable[[Tensor], Tensor]) -> Tensor:
    """The table on the grid that minimises `loss`, by gradient."""
    table = torch.zeros_like(GRID, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [table], max_iter=500, tolerance_grad=1e-12, tolerance_change=1e-15, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(table)
        value.backward()
        return value

    optimizer.step(closure)
    return table.detach()


def bound(t: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return (a * t).sum() - (b * t.exp()).sum() + 1.0


PARAMETRISATIONS = {
    "T = log r": (lambda t, a, b: -bound(t, a, b), lambda t: t),
    "V = 1 + log r": (lambda v, a, b: (b * (v - 1).exp()).sum() - (a * v).sum(), lambda v: v - 1),
    "U = -log r": (lambda u, a, b: (b * (-u).exp()).sum() - 1 + (a * u).sum(), lambda u: -u),
    "ours, fgan": (lambda t, a, b: expected(fgan, t, a, b), lambda t: t),
    "ours, logistic": (lambda t, a, b: expected(logistic, t, a, b), lambda t: t),
}


def expected(cost: Callable[[Tensor, Tensor, float], Tensor], t: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Mean of a critic's cost, whose two samples are independent."""
    zero = torch.zeros_like(t)
    rest = cost(zero, zero, CLAMP)
    return (a * (cost(t, zero, CLAMP) - rest)).sum() + (b * (cost(zero, t, CLAMP) - rest)).sum()


@cache
def best_log_ratio(name: str, swapped: bool) -> Tensor:
    """The table of log-ratios, of A against B or swapped, that the parametrisation called `name` finds."""
    loss, log_ratio = PARAMETRISATIONS[name]
    a, b = (B, A) if swapped else (A, B)
    return log_ratio(best(lambda table: loss(table, a, b)))


@through("name", PARAMETRISATIONS)
@through("swapped", [False, True])
def test_best_table_gives_the_divergence(name, swapped):
    a, b = (B, A) if swapped else (A, B)
    t = best_log_ratio(name, swapped)
    torch.testing.assert_close(bound(t, a, b), kl(a, b), rtol=1e-5, atol=1e-6)
    likely = (a > 1e-4) & (b > 1e-4)
    torch.testing.assert_close(t[likely], (a / b).log()[likely], rtol=0, atol=2e-2)


def test_the_two_directions_differ():
    forward, backward = (
        bound(best_log_ratio("T = log r", swapped), a, b) for swapped, a, b in ((False, A, B), (True, B, A))
    )
    assert abs(forward - backward) > 0.1
    torch.testing.assert_close(torch.stack([forward, backward]), torch.stack([kl(A, B), kl(B, A)]))


@through("ratio", RATIOS)
@through("swapped", [False, True])
def test_shares_of_a_game_add_up_to_its_divergence(ratio, swapped):
    """With the best critic: KL(first || second), or when swapped KL(second || first)."""
    game = Game(ratio, CLAMP, swapped)
    t = (A / B).log() * (-1 if swapped else 1)
    value = (A * game.of_first(t)).sum() + (B * game.of_second(t)).sum()
    torch.testing.assert_close(value, kl(B, A) if swapped else kl(A, B))
    torch.testing.assert_close(game.log_ratio(t), (A / B).log())
    wrong = t + 0.5
    assert (A * game.of_first(wrong)).sum() + (B * game.of_second(wrong)).sum() < value


@through("ratio", RATIOS)
@through("swapped", [False, True])
def test_critics_cost_is_least_at_the_log_ratio(ratio, swapped):
    game = Game(ratio, CLAMP, swapped)
    t = ((A / B).log() * (-1 if swapped else 1)).requires_grad_()
    zero = torch.zeros_like(t)
    cost = (A * game.cost(t, zero)).sum() + (B * game.cost(zero, t)).sum()
    (slope,) = torch.autograd.grad(cost, t)
    assert slope.abs().max() < 1e-9


def test_gradients_of_the_minimising_players():
    """With T at its best, `of_first` and `of_second` have the gradients of the KL with respect to A and B."""
    shift = torch.zeros((), dtype=torch.float64, requires_grad=True)
    z = torch.randn(400_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    mean, game = 0.7, Game("fgan", CLAMP)  # KL(N(m, 1) || N(0, 1)) = m^2 / 2, log-ratio m x - m^2 / 2

    def t(x: Tensor) -> Tensor:
        return mean * x - mean**2 / 2

    (of_a,) = torch.autograd.grad(game.of_first(t(z + mean + shift)).mean(), shift)
    (of_b,) = torch.autograd.grad(game.of_second(t(z + shift)).mean(), shift)
    assert of_a.item() == pytest.approx(mean, abs=0.01)
    assert of_b.item() == pytest.approx(-mean, abs=0.01)


def test_exponential_is_bounded_in_slope_and_never_without_one():
    t = torch.tensor([-50.0, 0.0, 9.9, 10.1, 1e4], requires_grad=True)
    value = bounded_exp(t, CLAMP)
    value.sum().backward()
    assert value.isfinite().all()
    torch.testing.assert_close(value[:3], t[:3].detach().exp())
    assert (t.grad > 0).all()
    torch.testing.assert_close(t.grad[3:], torch.tensor(CLAMP).exp().expand(2))


def test_fgan_gains_nothing_above_the_clamp_and_the_logistic_cost_is_always_finite():
    t = torch.tensor([5.0, 15.0], requires_grad=True)
    fgan(t, torch.zeros(2), CLAMP).sum().backward()
    assert t.grad.tolist() == [-1.0, 0.0]
    extreme = torch.tensor([-1e4, 1e4])
    assert logistic(extreme, extreme, CLAMP).isfinite().all()
