"""Likelihoods under a scale against torch's densities; the hinge against its definition."""

from __future__ import annotations

from math import log, pi

import torch
from torch.distributions import Laplace, Normal

from chimerae.losses.hinge import hinge_fake, hinge_real
from chimerae.losses.reconstruction import SMALLEST_VARIANCE, absolute_error, squared_error
from chimerae.losses.scaled import PIXEL_ERRORS, SCALED_NLL, estimated_log_scale, laplace_nll, normal_nll
from tests.helpers.rows import through

N = 12


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    x, y = torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(0))
    return x, y


@through("s", [-1.5, 0.0, 0.7])
def test_they_are_the_densities_of_torch_without_their_constants(s):
    x, y = pair()
    s = torch.tensor(s)
    laplace = -Laplace(y, s.exp()).log_prob(x).flatten(1).sum(1) - N * log(2)
    normal = -Normal(y, (0.5 * s).exp()).log_prob(x).flatten(1).sum(1) - N / 2 * log(2 * pi)
    torch.testing.assert_close(laplace_nll(absolute_error(x, y), s, N), laplace)
    torch.testing.assert_close(normal_nll(squared_error(x, y), s, N), normal)


@through("pixel", SCALED_NLL)
def test_the_estimated_scale_is_the_likeliest_and_has_no_slope(pixel):
    x, y = pair()
    error = PIXEL_ERRORS[pixel](x, y).requires_grad_()
    s = estimated_log_scale(error, N)
    assert not s.requires_grad
    best = SCALED_NLL[pixel](error, s, N).mean()
    for other in (s - 0.05, s + 0.05):
        assert SCALED_NLL[pixel](error, other, N).mean() > best
    assert estimated_log_scale(torch.zeros(2), N).item() == torch.tensor(SMALLEST_VARIANCE).log().item()


def test_the_hinge_bends_at_one():
    c = torch.tensor([-3.0, -1.0, 0.0, 1.0, 3.0], requires_grad=True)
    assert hinge_real(c).tolist() == [4.0, 2.0, 1.0, 0.0, 0.0]
    assert hinge_fake(c).tolist() == [0.0, 0.0, 1.0, 2.0, 4.0]
    (real,) = torch.autograd.grad(hinge_real(c).sum(), c)
    assert real[[0, 1, 2, 4]].tolist() == [-1.0, -1.0, -1.0, 0.0]
