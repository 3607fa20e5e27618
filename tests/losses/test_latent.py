from __future__ import annotations

import torch

from chimerae.gaussian import Gaussian
from chimerae.losses.latent import (
    LATENT_LOSSES,
    latent_a,
    latent_b,
    latent_normalised,
    latent_official,
    mean_scale,
)
from tests.helpers.rows import through

SIGMA = torch.tensor([0.1, 0.5, 0.9, 1.0])


def posterior(mu: torch.Tensor, sigma: torch.Tensor = SIGMA) -> Gaussian:
    return Gaussian(mu, 2 * sigma.log())


def draws(n: int = 64, d: int = 4, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_a_is_the_negative_log_density_of_the_code():
    q, z = posterior(draws(seed=1)), draws()
    constant = q.log_prob(q.mu)
    torch.testing.assert_close(latent_a(q, z), constant - q.log_prob(z), rtol=1e-4, atol=1e-3)


def test_b_by_hand():
    q, z = posterior(torch.tensor([[0.3, -0.2]]), torch.tensor([0.6, 0.8])), torch.tensor([[1.0, -2.0]])
    by_hand = 0.5 * (((0.3 - 0.8 * 1.0) / 0.6) ** 2 + ((-0.2 + 0.6 * 2.0) / 0.8) ** 2)
    torch.testing.assert_close(latent_b(q, z), torch.tensor([by_hand]))


@through("n", [1, 7, 64])
def test_official_is_a_times_batch_over_sum_of_precisions(n):
    q, z = posterior(draws(n, seed=1)), draws(n)
    factor = n / SIGMA.pow(-2).sum()
    torch.testing.assert_close(latent_official(q, z), factor * latent_a(q, z), rtol=1e-5, atol=1e-6)


def test_official_batch_sum_grows_with_copies():
    q, z = posterior(draws(1, seed=1)), draws(1)
    seven = latent_official(posterior(q.mu.expand(7, -1)), z.expand(7, -1))
    torch.testing.assert_close(seven.mean(), 7 * latent_official(q, z).mean())


@through("loss", LATENT_LOSSES.values())
def test_wide_posteriors_give_numbers(loss):
    """sigma starts at 1 and may pass it: sqrt(1 - sigma^2) must not become NaN, nor its way back."""
    mu = draws(5).requires_grad_()
    values = loss(posterior(mu, torch.tensor([1.2, 1.0, 1e3, 0.5])), draws(5, seed=2))
    values.sum().backward()
    assert values.shape == (5,)
    assert values.isfinite().all()
    assert mu.grad.isfinite().all()


def test_an_unused_dimension_asks_for_zero():
    q = posterior(torch.zeros(3, 2), torch.tensor([1.2, 1.0]))
    assert torch.equal(mean_scale(q), torch.zeros(2))
    assert torch.equal(latent_b(q, draws(3, 2)), torch.zeros(3))


@through("loss, wanted", [(latent_a, 1.0), (latent_b, None)])
def test_linear_gaussian_toy(loss, wanted):
    """x = w z + s eps has posterior mean k x, k = w / (w^2 + s^2), and sigma^2 = s^2 / (w^2 + s^2).

    A linear generator xh = g z that minimises L_Z alone: L^a makes mu(xh) as wide as the codes, L^b as wide
    as the means of real data.
    """
    w, s = torch.tensor([2.0, 1.0, 0.5]), torch.tensor([0.5, 1.0, 1.0])
    k, sigma = w / (w**2 + s**2), s / (w**2 + s**2).sqrt()
    z, g = draws(4000, 3), torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.LBFGS([g], max_iter=50, line_search_fn="strong_wolfe")

    def cost():
        optimizer.zero_grad()
        value = loss(posterior(k * (g * z), sigma), z).mean()
        value.backward()
        return value

    optimizer.step(cost)
    variance = (k * g.detach() * z).var(0) / z.var(0)
    x = w * z + s * draws(4000, 3, seed=3)
    real = (k * x).var(0)
    torch.testing.assert_close(
        variance, (1 - sigma**2) if wanted is None else torch.ones(3), rtol=1e-3, atol=1e-3
    )
    assert torch.allclose(real, 1 - sigma**2, atol=0.05), "the law of mu(x), which only L^b asks for"


def test_normalised_by_hand():
    """Precisions 4 and 1 become weights 8/5 and 2/5, whose mean is 1."""
    q, z = posterior(torch.tensor([[0.5, -1.0]]), torch.tensor([0.5, 1.0])), torch.tensor([[1.5, 1.0]])
    torch.testing.assert_close(latent_normalised(q, z), torch.tensor([0.5 * (1.6 * 1.0 + 0.4 * 4.0)]))


@through("n", [2, 64])
def test_normalised_is_the_published_code_in_units_that_no_batch_changes(n):
    q, z = posterior(draws(n, seed=1)), draws(n)
    torch.testing.assert_close(latent_normalised(q, z) * n / 4, latent_official(q, z))
    torch.testing.assert_close(
        latent_normalised(q, z)[:1], latent_normalised(Gaussian(q.mu[:1], q.logvar), z[:1])
    )


def test_normalised_equals_a_where_all_deviations_are_one():
    q, z = posterior(draws(seed=1), torch.ones(4)), draws()
    torch.testing.assert_close(latent_normalised(q, z), latent_a(q, z))
