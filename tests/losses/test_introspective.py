from __future__ import annotations

from math import exp

import pytest
import torch

from chimerae.losses.introspective import HINGES, balancing_weight, exp_elbo
from tests.helpers.rows import through

KL = torch.tensor([1.0, 9.0])


@through("m, per_sample, batch_mean", [(4.0, 1.5, 0.0), (6.0, 2.5, 1.0), (20.0, 15, 15)])
def test_hinges_differ_until_every_sample_is_below_the_margin(m, per_sample, batch_mean):
    """The batch mean is 5: at m = 4 its hinge is off, although one sample is far below the margin."""
    assert HINGES["per_sample"](KL, m).mean() == per_sample
    assert HINGES["batch_mean"](KL, m).mean() == batch_mean
    assert all(hinge(KL, m).shape == KL.shape for hinge in HINGES.values())


def test_gradients_of_the_hinges():
    """Per sample it pushes the one that is too near; on the mean, all of them or none."""
    for m, name, expected in [
        (4.0, "per_sample", [-0.5, 0.0]),
        (4.0, "batch_mean", [0.0, 0.0]),
        (6.0, "per_sample", [-0.5, 0.0]),
        (6.0, "batch_mean", [-0.5, -0.5]),
    ]:
        kl = KL.clone().requires_grad_()
        HINGES[name](kl, m).mean().backward()
        assert kl.grad.tolist() == expected


def test_exp_elbo():
    torch.testing.assert_close(exp_elbo(torch.tensor([0.0, 3.0])), torch.tensor([1.0, exp(-6.0)]))


def test_exp_elbo_ends_without_a_slope_before_numbers_become_denormal():
    energy = torch.tensor([14.9, 15.1, 1e6], requires_grad=True)
    values = exp_elbo(energy)
    values.sum().backward()
    assert values.tolist() == pytest.approx([exp(-29.8), exp(-30.0), exp(-30.0)], rel=1e-4)
    assert energy.grad[0] < 0
    assert energy.grad[1:].tolist() == [0.0, 0.0]


@through(
    "kl, pull, rec",
    [(70.0, 0.75 / 3072, 0.25), (2.0, 0.01, 0.0), (500.0, 1e-5, 3.0), (0.5, 0.3, 0.1)],
)
def test_balanced_forces_are_equal_and_hold(kl, pull, rec):
    """Slopes by automatic differentiation: at `kl` both are equal, below it the encoder is the stronger."""
    at = torch.tensor([kl, 0.99 * kl, 1.01 * kl], dtype=torch.float64, requires_grad=True)
    e = balancing_weight(torch.tensor(kl, dtype=torch.float64), pull, torch.tensor(rec, dtype=torch.float64))
    (exp_elbo(rec / 2 + e * at) / 2).sum().backward()
    push = -at.grad
    assert float(push[0]) == pytest.approx(pull, rel=1e-6)
    assert push[1] > pull > push[2]
    assert float(2 * e * kl) > 1  # of two solutions the one in which less weight pushes more


def test_a_balance_out_of_reach_is_the_strongest_push():
    kl, pull = torch.tensor(100.0, dtype=torch.float64), 1.0
    e = balancing_weight(kl, pull, kl.new_tensor(0.2))
    assert float(2 * e * kl) == pytest.approx(1.0, abs=5e-3)
    push = [x * exp(-2 * x * 100.0) for x in (0.99 * float(e), float(e), 1.01 * float(e))]
    assert push[1] > max(push[0], push[2])
    assert not balancing_weight(kl.clone().requires_grad_(), 1e-5, kl).requires_grad
