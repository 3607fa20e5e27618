"""Convolutions without idle taps are those of PyTorch: values, gradients, slopes of slopes, memory order."""

from __future__ import annotations

from itertools import product

import torch
from torch import nn

from chimerae.networks import DCGAN
from chimerae.networks.cropped import Conv2d, ConvTranspose2d, _taps, _taps_transposed
from tests.helpers.rows import through

SIDES = [(1, 1), (1, 2), (2, 2), (2, 5), (3, 2), (4, 4), (7, 1)]


def gradients(net: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    """Output, gradients of all its inputs, and gradients of the slope at `x`."""
    x = x.clone().requires_grad_()
    y = net(x)
    first = torch.autograd.grad(y.sin().sum(), (x, *net.parameters()), create_graph=True)
    second = torch.autograd.grad(first[0].square().sum(), (x, net.weight))
    return [y, *first, *second]


@through("side, stride, bias", [*product(SIDES, (1, 2), (False, True))])
def test_values_and_gradients(side, stride, bias):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 4, *side, generator=generator, dtype=torch.float64)
    pairs = [
        (Conv2d(4, 6, 5, stride, 2, bias=bias), nn.Conv2d(4, 6, 5, stride, 2, bias=bias)),
        (
            ConvTranspose2d(4, 6, 5, stride, 2, output_padding=stride - 1, bias=bias),
            nn.ConvTranspose2d(4, 6, 5, stride, 2, output_padding=stride - 1, bias=bias),
        ),
    ]
    for ours, theirs in pairs:
        ours.double(), theirs.double()
        theirs.load_state_dict(ours.state_dict())
        for mine, right in zip(gradients(ours, x), gradients(theirs, x), strict=True):
            torch.testing.assert_close(mine, right, rtol=1e-10, atol=1e-11)


@through("transposed", [False, True])
def test_no_idle_tap_is_left_and_none_in_use_is_missing(transposed):
    """A tap is idle when the output does not change with its weight."""
    for n, k, stride, padding in product(range(1, 9), (3, 4, 5), (1, 2), (0, 1, 2)):
        if (not transposed and n + 2 * padding < k) or (transposed and n * stride - 2 * padding + k < 2):
            continue  # there is no such convolution
        weight = torch.ones(1, 1, k, dtype=torch.float64, requires_grad=True)
        x, given = torch.ones(1, 1, n, dtype=torch.float64), {"stride": stride, "padding": padding}
        if transposed:
            y = nn.functional.conv_transpose1d(x, weight, output_padding=stride - 1, **given)
            first, last, *_ = _taps_transposed(n, k, stride, padding, stride - 1)
        else:
            y = nn.functional.conv1d(x, weight, **given)
            first, last, *_ = _taps(n, k, stride, padding)
        (slope,) = torch.autograd.grad(y.sum(), weight)
        used = slope[0, 0].nonzero().flatten().tolist()
        assert {*used} <= {*range(first, last)}, (n, k, stride, padding)
        assert (first, last) in ((0, k), (used[0], used[-1] + 1)), (n, k, stride, padding)


def test_digits_are_where_taps_are_idle():
    assert _taps(2, 5, 2, 2)[:2] == (2, 4)
    assert _taps_transposed(1, 5, 2, 2, 1)[:2] == (2, 4)


def test_gradients_lie_in_memory_as_the_weights_do():
    """A copy into the other order would take longer than what is saved."""
    net = DCGAN(width=4).critic((1, 8, 8)).to(memory_format=torch.channels_last)
    net(torch.rand(2, 1, 8, 8).contiguous(memory_format=torch.channels_last)).sum().backward()
    for weight in (module.weight for module in net.modules() if isinstance(module, nn.Conv2d)):
        assert weight.grad.stride() == weight.stride()
