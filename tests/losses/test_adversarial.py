from __future__ import annotations

from math import exp, log

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from chimerae.losses.adversarial import (
    GENERATOR_LOSSES,
    linear,
    log_probability,
    logistic_fake,
    logistic_real,
    non_saturating,
    probability,
    saturating,
)
from tests.helpers.rows import through

C = torch.linspace(-6, 6, 13)


def test_critic_is_told_that_real_is_one():
    torch.testing.assert_close(logistic_real(C), bce(C, torch.ones_like(C), reduction="none"))
    torch.testing.assert_close(logistic_fake(C), bce(C, torch.zeros_like(C), reduction="none"))


def test_generator_losses_in_terms_of_the_probability_of_real():
    p = C.double().sigmoid()
    torch.testing.assert_close(non_saturating(C.double()), -p.log())
    torch.testing.assert_close(saturating(C.double()), (1 - p).log())
    torch.testing.assert_close(probability(C.double()), -p)
    torch.testing.assert_close(linear(C.double()), ((1 - p) / p).log())  # logit of P(generated), eq. 15


@through("offset", [1e-3, 0.5])
def test_an_offset_stands_inside_the_logarithms(offset):
    """Larsen's code: `log(D + 1e-3)`, term by term; without an offset nothing changes."""
    c = C.double()
    p = [1 / (1 + exp(-float(each))) for each in c]
    real, fake = ([log(part + offset) for part in parts] for parts in (p, [1 - each for each in p]))
    for made, expected in (
        (log_probability(c, offset), real),
        (logistic_real(c, offset), [-each for each in real]),
        (logistic_fake(c, offset), [-each for each in fake]),
        (non_saturating(c, offset), [-each for each in real]),
        (saturating(c, offset), fake),
        (linear(c, offset), [-float(each) for each in c]),
    ):
        torch.testing.assert_close(made, torch.tensor(expected, dtype=torch.float64))
    far = torch.tensor([-1e4, 1e4], requires_grad=True)
    costs = logistic_real(far, offset) + logistic_fake(far, offset)
    costs.sum().backward()
    torch.testing.assert_close(costs.detach(), torch.full((2,), -log(offset) - log(1 + offset)))
    assert far.grad.abs().max() < 1e-6


@through("loss", [*GENERATOR_LOSSES.values(), probability])
def test_every_generator_loss_wants_a_higher_logit(loss):
    c = C.clone().requires_grad_()
    loss(c).sum().backward()
    assert (c.grad < 0).all()


@through("loss", [logistic_real, logistic_fake, probability, *GENERATOR_LOSSES.values()])
def test_one_finite_value_per_sample_however_large_the_logit(loss):
    c = torch.tensor([-1e4, -100.0, 0.0, 100.0, 1e4], requires_grad=True)
    values = loss(c)
    assert values.shape == (5,)
    assert values.isfinite().all()
    values.sum().backward()
    assert c.grad.isfinite().all()


def test_best_critic_is_the_log_ratio_and_linear_is_then_the_reverse_divergence():
    """On two outcomes, the critic that minimises its cost has logit log(p/g); the mean of -c is KL(g||p)."""
    p, g = torch.tensor([0.8, 0.2]).double(), torch.tensor([0.3, 0.7]).double()
    c = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([c], max_iter=100, line_search_fn="strong_wolfe")

    def cost():
        optimizer.zero_grad()
        value = (p * logistic_real(c) + g * logistic_fake(c)).sum()
        value.backward()
        return value

    optimizer.step(cost)
    torch.testing.assert_close(c.detach(), (p / g).log(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        (g * linear(c.detach())).sum(), (g * (g / p).log()).sum(), rtol=1e-4, atol=1e-4
    )
