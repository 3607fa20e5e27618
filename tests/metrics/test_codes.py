from __future__ import annotations

import numpy as np
import torch

from chimerae.gaussian import Gaussian
from chimerae.metrics.codes import active_units
from tests.helpers.rows import through


def test_active_units_are_those_of_numpy():
    deviations = torch.tensor([0.0, 0.05, 0.09, 0.12, 0.5, 1.0])
    means = deviations * torch.randn(500, 6, generator=torch.Generator().manual_seed(0)) + 3
    assert active_units(means) == int((np.var(means.double().numpy(), 0, ddof=1) > 0.01).sum()) == 3


def test_kl_of_every_dimension_is_that_of_torch():
    g = torch.Generator().manual_seed(0)
    mu, logvar = torch.randn(2, 30, 4, generator=g)
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(mu, (logvar / 2).exp()), normal(0.0, 1.0))
    torch.testing.assert_close(Gaussian(mu, logvar).kl_per_dim(), expected)


@through("unit", [0.1, 1.0, 10.0])
def test_a_code_without_spread_is_a_point_in_any_unit(unit: float):
    mu = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    assert Gaussian.point(mu).scaled(unit).is_point
    assert not Gaussian(mu, torch.full((3,), -9.0)).scaled(unit).is_point
    assert not Gaussian(mu, torch.tensor([-30.0, -30.0, 0.0])).is_point
