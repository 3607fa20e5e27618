"""A plane of codes through the network that generates."""

from __future__ import annotations

import torch
from torch import nn

from chimerae.evaluation.manifold import SIDE, manifold
from chimerae.evaluation.seeded_codec import SeededCodec
from tests.evaluation.evaluation_stubs import Twin, built


class Echo(nn.Module):
    """Codes as images of one row."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        self.seen = z.clone()
        return z[:, None, None, :].clamp(-1, 1)


def codes(z_dim: int, directions: torch.Tensor | None = None) -> torch.Tensor:
    method = Twin(z_dim=z_dim)
    nets = built(method, (1, 1, z_dim))
    echo = Echo()
    nets.modules["generator"] = echo
    with nets.evaluating():
        images = manifold(SeededCodec(method, nets, (1, 1, z_dim), 0, 1000), directions)
    assert images.min() >= 0
    assert images.max() <= 1
    return echo.seen


def test_codes_of_two_dimensions_lie_at_quantiles_of_the_prior():
    z = codes(2).view(SIDE, SIDE, 2)
    assert torch.equal(z[:, 0, 1], z[:, 5, 1])  # a row has one second number
    assert torch.equal(z[0, :, 0], z[7, :, 0])
    shares = torch.special.ndtr(z[0, :, 0].double())
    assert torch.allclose(shares, (torch.arange(10, dtype=torch.float64) + 0.5) / 10, atol=1e-6)


def test_codes_of_one_dimension_are_a_row():
    assert codes(1).shape == (SIDE, 1)


def test_codes_of_many_dimensions_lie_on_one_plane_at_the_length_of_draws():
    axes = torch.linalg.qr(torch.randn(50, 2, generator=torch.Generator().manual_seed(0))).Q
    z = codes(50, axes)
    assert torch.linalg.matrix_rank(z - z.mean(0), tol=1e-3) == 2
    assert 5.5 < float(z.norm(dim=1).mean()) < 8.5  # the root of 50 is 7.07
    assert torch.allclose((z @ axes).mean(0), torch.zeros(2), atol=1e-4)
