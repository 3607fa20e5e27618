"""The normalising flow: its density is that of the change of variables, and it is fitted with care."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from chimerae.evaluation import flow as module
from chimerae.evaluation.flow import MOST_SCALE, Coupling, Flow, fit_flow


def wild(z: int, couplings: int = 5, seed: int = 0) -> Flow:
    """A flow in float64 whose couplings are far from the identity."""
    torch.manual_seed(seed)
    root = torch.randn(z, z, dtype=torch.float64)
    factor = torch.linalg.cholesky(root @ root.T + torch.eye(z))
    made = Flow(torch.randn(z, dtype=torch.float64), factor, couplings).double()
    for coupling in made.couplings:
        for p in coupling.parameters():
            p.data = 0.25 * torch.randn_like(p)
    return made


def ring(n: int, seed: int = 0) -> Tensor:
    """Codes on a noisy circle, which is no Gaussian."""
    g = torch.Generator().manual_seed(seed)
    angle = 2 * math.pi * torch.rand(n, generator=g)
    radius = 2 + 0.15 * torch.randn(n, generator=g)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)


def gaussian_of(codes: Tensor) -> tuple[Tensor, Tensor]:
    return codes.mean(0), torch.linalg.cholesky(codes.T.cov())


@pytest.mark.parametrize("z", [2, 3, 7])
def test_the_log_density_is_that_of_the_change_of_variables(z: int):
    """With the determinant of the whole Jacobian, taken by automatic differentiation."""
    flow, x = wild(z), torch.randn(4, z, dtype=torch.float64)
    found = flow.log_density(x)
    for i in range(4):
        jacobian = torch.autograd.functional.jacobian(lambda each: flow(each[None])[0][0], x[i])
        u = flow(x[i : i + 1])[0][0]
        normal = torch.distributions.Normal(torch.zeros_like(u), torch.ones_like(u)).log_prob(u).sum()
        torch.testing.assert_close(found[i], normal + jacobian.slogdet().logabsdet, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("z", [2, 3, 7])
def test_codes_are_the_inverse(z: int):
    flow, x = wild(z), 3 * torch.randn(50, z, dtype=torch.float64)
    u, _ = flow(x)
    torch.testing.assert_close(flow.codes(u), x, atol=1e-8, rtol=1e-8)
    assert (u - torch.linalg.solve(flow.factor, (x - flow.mean).T).T).abs().min(0).values.max() > 1e-3


def test_the_density_of_two_dimensions_integrates_to_1():
    flow = wild(2, couplings=2)
    with torch.no_grad():
        places = flow.codes(torch.randn(5_000, 2, dtype=torch.float64))
        ends = zip((places.min(0).values - 1).tolist(), (places.max(0).values + 1).tolist(), strict=True)
        x, y = (torch.linspace(low, high, 300, dtype=torch.float64) for low, high in ends)
        mass = flow.log_density(torch.cartesian_prod(x, y)).exp().sum()
    assert float(mass * (x[1] - x[0]) * (y[1] - y[0])) == pytest.approx(1, abs=0.01)


def test_every_dimension_is_moved_and_log_scales_are_bounded():
    for z in (2, 3, 5):
        flow = Flow(torch.zeros(z), torch.eye(z), 2)
        assert {*flow.couplings[0].b.tolist()} | {*flow.couplings[1].b.tolist()} == {*range(z)}
    coupling = Coupling(torch.tensor([0]), torch.tensor([1]))
    coupling.net[-1].bias.data = torch.tensor([1e6, 0.0])
    assert float(coupling(torch.zeros(1, 2))[1].detach()) == pytest.approx(MOST_SCALE)


def test_an_untrained_flow_is_the_gaussian():
    codes = ring(300) @ torch.tensor([[1.0, 0.4], [0.0, 0.5]]) + 3
    mean, factor = gaussian_of(codes)
    expected = torch.distributions.MultivariateNormal(mean, scale_tril=factor).log_prob(codes)
    torch.testing.assert_close(Flow(mean, factor).log_density(codes), expected, atol=1e-4, rtol=1e-4)


def test_the_fit_finds_a_ring_that_a_gaussian_does_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "STEPS", 400)
    monkeypatch.setattr(module, "RATE", 4e-3)
    codes, others = ring(2000), ring(1000, seed=1)
    mean, factor = gaussian_of(codes)
    flow = fit_flow(codes, mean, factor)
    gain = flow.log_density(others).mean() - Flow(mean, factor).log_density(others).mean()
    assert float(gain.detach()) > 0.5
    drawn = flow.codes(torch.randn(2000, 2, generator=torch.Generator().manual_seed(2)))
    assert float((drawn.norm(dim=1) < 1).float().mean()) < 0.08, "a Gaussian has a fifth of its codes there"
    assert not any(p.requires_grad for p in flow.parameters())


def test_the_same_seed_gives_the_same_flow_and_leaves_random_numbers_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "STEPS", 50)
    codes = ring(200)
    before = torch.get_rng_state()
    one, two, other = (fit_flow(codes, *gaussian_of(codes), seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(one.log_density(codes), two.log_density(codes))
    assert not torch.equal(one.log_density(codes), other.log_density(codes))


def test_the_best_step_on_held_out_codes_is_kept_and_the_fit_ends_early(monkeypatch: pytest.MonkeyPatch):
    """Held-out log densities as a script: the third look is the best, and after two more there is no hope."""
    monkeypatch.setattr(module, "EVERY", 5)
    monkeypatch.setattr(module, "PATIENCE", 2)
    script, seen = iter([0.0, 1.0, 3.0, 2.0, 2.5, 9.0]), []

    def look(flow: Flow, held: Tensor) -> float:
        seen.append({name: value.clone() for name, value in flow.state_dict().items()})
        assert len(held) == 20
        return next(script)

    monkeypatch.setattr(module, "_mean", look)
    codes = ring(200)
    flow = fit_flow(codes, *gaussian_of(codes))
    assert len(seen) == 5
    for name, value in flow.state_dict().items():
        assert torch.equal(value, seen[2][name])


def test_held_out_codes_are_not_trained_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "STEPS", 30)
    trained: list[Tensor] = []
    plain = Flow.log_density
    codes, held = ring(100), []
    monkeypatch.setattr(Flow, "log_density", lambda flow, x: (trained.append(x), plain(flow, x))[1])
    monkeypatch.setattr(module, "_mean", lambda flow, x: (held.append(x), 0.0)[1])
    fit_flow(codes, *gaussian_of(codes))
    used = {tuple(row) for part in trained for row in part.tolist()}
    kept = {tuple(row) for row in held[0].tolist()}
    assert len(kept) == 10
    assert not used & kept


@pytest.mark.parametrize("codes", [torch.randn(500, 1), torch.randn(20, 3)])
def test_codes_of_one_dimension_and_few_codes_stay_gaussian(codes: Tensor):
    mean, factor = codes.mean(0), torch.linalg.cholesky(codes.T.cov().reshape(codes.shape[1], -1))
    flow = fit_flow(codes, mean, factor)
    assert len(flow.couplings) == 0
    expected = torch.distributions.MultivariateNormal(mean, scale_tril=factor).log_prob(codes)
    torch.testing.assert_close(flow.log_density(codes), expected, atol=1e-4, rtol=1e-4)
