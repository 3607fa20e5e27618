from __future__ import annotations

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from chimerae import noise
from chimerae.gaussian import LOGVAR_RANGE, Gaussian
from tests.helpers.rows import through


@pytest.fixture(params=["free", "shared"])
def q(request: pytest.FixtureRequest) -> Gaussian:
    g = torch.Generator().manual_seed(0)
    size = (6, 3) if request.param == "free" else (3,)
    return Gaussian(torch.randn(6, 3, generator=g), torch.randn(size, generator=g))


def reference(q: Gaussian) -> Independent:
    return Independent(Normal(q.mu, (0.5 * q.logvar).exp().expand_as(q.mu)), 1)


def test_kl_is_that_of_torch(q):
    prior = Independent(Normal(torch.zeros(6, 3), 1.0), 1)
    torch.testing.assert_close(q.kl(), kl_divergence(reference(q), prior))
    torch.testing.assert_close(q.kl_per_dim().sum(1), q.kl())


def test_log_prob_is_that_of_torch(q):
    z = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(q.log_prob(z), reference(q).log_prob(z))


def test_sigma_and_variance(q):
    torch.testing.assert_close(q.sigma.square(), q.variance)
    assert q.sigma.shape == q.logvar.shape


def test_kl_does_not_depend_on_the_size_of_the_batch(q):
    twice = Gaussian(q.mu.tile(2, 1), q.logvar if q.logvar.dim() == 1 else q.logvar.tile(2, 1))
    torch.testing.assert_close(twice.kl(), q.kl().tile(2))


def test_kl_by_sampling():
    q = Gaussian(torch.tensor([[0.7, -1.0]]).expand(40_000, -1), torch.tensor([-1.0, 0.5]))
    with noise.seeded(0):
        z = q.sample()
    prior = Gaussian(torch.zeros_like(q.mu), torch.zeros(2))
    estimate = (q.log_prob(z) - prior.log_prob(z)).mean()
    torch.testing.assert_close(estimate, q.kl()[0], rtol=0.02, atol=0)


def test_standard_normal_costs_nothing():
    assert torch.equal(Gaussian(torch.zeros(2, 3), torch.zeros(3)).kl(), torch.zeros(2))


def test_samples_are_reparametrised():
    q = Gaussian(torch.zeros(4, 2, requires_grad=True), torch.zeros(2, requires_grad=True))
    eps = torch.randn(4, 2, generator=torch.Generator().manual_seed(2))
    q.sample(eps).sum().backward()
    torch.testing.assert_close(q.mu.grad, torch.ones(4, 2))
    torch.testing.assert_close(q.logvar.grad, 0.5 * eps.sum(0))


def test_samples_have_the_moments_of_the_posterior():
    q = Gaussian(torch.tensor([[1.0, -2.0]]).expand(20_000, -1), torch.tensor([0.5, 3.0]).square().log())
    with noise.seeded(0):
        z = q.sample()
    torch.testing.assert_close(z.mean(0), torch.tensor([1.0, -2.0]), atol=0.1, rtol=0)
    torch.testing.assert_close(z.std(0), torch.tensor([0.5, 3.0]), rtol=0.05, atol=0)


def test_a_point_stays_where_it_is():
    mu = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    with noise.seeded(0):
        torch.testing.assert_close(Gaussian.point(mu).sample(), mu, rtol=0, atol=1e-5)


@through("logvar", [-1e9, 1e9])
def test_wild_log_variances_stay_numbers(logvar):
    wild = torch.full((2, 3), logvar, requires_grad=True)
    q = Gaussian(torch.zeros(2, 3), wild)
    assert q.kl().isfinite().all()
    assert q.sample(torch.ones(2, 3)).isfinite().all()
    assert q.variance.log().abs().max() <= max(map(abs, LOGVAR_RANGE)) + 1e-3
    q.kl().sum().backward()
    assert wild.grad.isfinite().all()
