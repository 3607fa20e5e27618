from __future__ import annotations

import torch
from torch import nn

from chimerae.losses.fixed_point import fixed_point
from chimerae.losses.reconstruction import squared_error


def test_value_is_the_cost_and_gradient_is_the_makers_alone():
    torch.manual_seed(0)
    maker, judge = nn.Linear(3, 2), nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    z = torch.randn(5, 3)
    a = fixed_point(maker(z), judge, squared_error)
    gen = maker(z)
    cost = squared_error(gen, judge(gen))
    torch.testing.assert_close(a, cost)
    ours = torch.autograd.grad(a.sum(), list(maker.parameters()), retain_graph=True)
    full = torch.autograd.grad(cost.sum(), list(maker.parameters()))
    for one, other in zip(ours, full, strict=True):
        torch.testing.assert_close(one, other)
    reached = torch.autograd.grad(a.sum(), list(judge.parameters()), allow_unused=True)
    assert all(gradient is None for gradient in reached)


def test_networks_that_make_and_judge_hear_of_the_making_only():
    """`sg(a) + a - c`: the difference of the whole gradient and that with the sample as a constant."""
    torch.manual_seed(0)
    D, E, z = nn.Linear(2, 3), nn.Linear(3, 2), torch.randn(4, 2)
    a = fixed_point(D(z), lambda x: D(E(x)), squared_error)
    gen = D(z)
    whole, constant = (squared_error(x, D(E(x))) for x in (gen, gen.detach()))
    expected = torch.autograd.grad((whole - constant).sum(), list(D.parameters()))
    for one, other in zip(torch.autograd.grad(a.sum(), list(D.parameters())), expected, strict=True):
        torch.testing.assert_close(one, other)
