"""Upsampling and convolution in one pass equal the two one after the other, without a checkerboard."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from chimerae.networks import DCGAN
from chimerae.networks.upsampled import UpsampledConv2d
from tests.helpers.rows import through


def enlarged(x: torch.Tensor) -> torch.Tensor:
    """`[B, C, H, W]`, zero outside, with midpoints between all neighbours: `[B, C, 2H + 1, 2W + 1]`."""
    for axis in (2, 3):
        sides = (0, 0, 1, 1) if axis == 2 else (1, 1, 0, 0)
        wide = F.pad(x, sides)
        before, after = wide.narrow(axis, 0, wide.shape[axis] - 1), wide.narrow(axis, 1, wide.shape[axis] - 1)
        between = (before + after) / 2
        whole = [between.select(axis, 0)]
        for i in range(x.shape[axis]):
            whole += [x.select(axis, i), between.select(axis, i + 1)]
        x = torch.stack(whole, axis)
    return x


@through("side", [(1, 1), (2, 2), (1, 3), (4, 5)])
@through("bias", [True, False])
def test_equals_interpolation_and_a_convolution(side, bias):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, *side, generator=generator, dtype=torch.float64, requires_grad=True)
    layer = UpsampledConv2d(3, 4, bias=bias).double()
    weight = layer.weight.flip(2, 3).transpose(0, 1)  # PyTorch's convolutions do not mirror their kernel
    right = F.conv2d(enlarged(x), weight, layer.bias, padding=1)[:, :, 1:, 1:]
    height, width = side
    assert right.shape == (2, 4, 2 * height, 2 * width)
    mine = layer(x)
    torch.testing.assert_close(mine, right, rtol=1e-12, atol=1e-12)
    for a, b in zip(
        *(torch.autograd.grad(y.sin().sum(), (x, layer.weight)) for y in (mine, right)), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


def test_a_constant_map_becomes_a_constant_map():
    """Inside, away from the border; a transposed convolution gives four values in turn."""
    torch.manual_seed(0)
    flat = torch.ones(1, 2, 8, 8)
    inside = (..., slice(4, -4), slice(4, -4))
    smooth = UpsampledConv2d(2, 1)(flat)[inside]
    free = nn.ConvTranspose2d(2, 1, 5, 2, 2, output_padding=1)(flat)[inside]
    assert smooth.std() < 1e-6
    assert free.std() > 1e-3


def test_only_layers_that_double_are_others():
    """A third layer that keeps the size is as before, and so is everything but decoders."""
    shapes = {True: (3, 32, 32), False: (3, 64, 64)}
    for keeps, shape in shapes.items():
        plain, smooth = (DCGAN(width=2, upsampling=how) for how in ("transposed", "bilinear"))
        layers = [type(m) for m in smooth.decoder(4, shape).modules() if isinstance(m, nn.ConvTranspose2d)]
        assert [layer is UpsampledConv2d for layer in layers] == [True, not keeps, True, True]
        assert not any(isinstance(m, UpsampledConv2d) for m in plain.decoder(4, shape).modules())
        assert smooth.decoder(4, shape)(torch.zeros(2, 4)).shape == (2, *shape)
