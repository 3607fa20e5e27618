"""Modulated convolutions against a loop over samples, whose weights are those of equations 1 and 3."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
import torch
from scipy import signal
from torch import Tensor, nn

from chimerae import noise
from chimerae.modes import evaluate
from chimerae.networks.equalised import Bent, Conv, Linear, equalised
from chimerae.networks.modulated import EPSILON, Modulated, Noise
from chimerae.networks.resampling import TAPS, Doubled, Smooth
from tests.helpers.rows import through

B, INPUTS, OUTPUTS, W_DIM = 3, 4, 5, 6
FILTER = np.outer(TAPS, TAPS) / sum(TAPS) ** 2
KINDS = [{"size": 3}, {"size": 3, "up": True}, {"size": 1, "demodulate": False}]


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def enlarged(x: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Zeros between the values of `x` `[h, w]`, then the whole convolution with `by`."""
    wide = np.zeros((2 * x.shape[0] - 1, 2 * x.shape[1] - 1))
    wide[::2, ::2] = x
    return signal.convolve2d(wide, by, "full")


def filtered(x: np.ndarray, padding: int) -> np.ndarray:
    return signal.convolve2d(np.pad(x, padding), FILTER, "valid")


def by_loops(layer: Modulated, x: Tensor, w: Tensor) -> Tensor:
    """The layer with weights of its own for every sample."""
    weight, bias = layer.style.weight, layer.style.bias
    kernel, up = layer.conv.weight / sqrt(INPUTS * layer.conv.weight[0, 0].numel()), layer.smooth is not None
    made = []
    for b in range(B):
        s = [sum(weight[i, k] * w[b, k] for k in range(W_DIM)) / sqrt(W_DIM) + bias[i] for i in range(INPUTS)]
        for j in range(OUTPUTS):
            own = torch.stack([s[i] * kernel[j, i] for i in range(INPUTS)])  # eq. 1
            if layer.demodulate:
                own = own / (own.square().sum() + EPSILON).sqrt()  # eq. 3
            made.append(sum(_convolved(x[b, i], own[i], up) for i in range(INPUTS)))
    return torch.stack(made).unflatten(0, (B, OUTPUTS))


def _convolved(x: Tensor, kernel: Tensor, up: bool) -> Tensor:
    """One map and one kernel, place by place."""
    if up:
        x = torch.stack([x, torch.zeros_like(x)], 2).flatten(1)[:, :-1]
        x = torch.stack([x, torch.zeros_like(x)], 1).flatten(0, 1)[:-1]
        y = _places(_padded(x, 2), kernel.flip(0, 1))
        return _places(_padded(y, 1), 4.0 * torch.from_numpy(FILTER))
    return _places(_padded(x, len(kernel) // 2), kernel)


def _padded(x: Tensor, by: int) -> Tensor:
    return nn.functional.pad(x, (by, by, by, by))


def _places(x: Tensor, kernel: Tensor) -> Tensor:
    k = len(kernel)
    sums = [[(x[i : i + k, j : j + k] * kernel).sum() for j in range(x.shape[1] - k + 1)]
            for i in range(x.shape[0] - k + 1)]  # fmt: skip
    return torch.stack([torch.stack(row) for row in sums])


@pytest.mark.usefixtures("double")
@through("kind", KINDS)
def test_modulated_convolutions_are_those_of_a_loop_over_samples(kind):
    torch.manual_seed(0)
    layer = Modulated(INPUTS, OUTPUTS, w_dim=W_DIM, **kind)
    x, w = drawn(B, INPUTS, 4, 6), drawn(B, W_DIM, seed=1)
    inputs = [x.requires_grad_(), w.requires_grad_(), *layer.parameters()]
    ours, theirs = layer(x, w), by_loops(layer, x, w)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    pull = drawn(*ours.shape, seed=2)
    slopes = [torch.autograd.grad((y * pull).sum(), inputs, create_graph=True) for y in (ours, theirs)]
    torch.testing.assert_close(*slopes, rtol=1e-9, atol=1e-11)
    curved = [torch.autograd.grad(own[0].square().sum(), inputs, allow_unused=True) for own in slopes]
    torch.testing.assert_close(*curved, rtol=1e-8, atol=1e-9)  # path lengths need the second derivative


@through("kind", KINDS[:2])
def test_demodulated_maps_have_unit_variance(kind):
    """Inputs of unit variance, independent from place to place, as equation 2 assumes. Upsampled ones have
    the mean variance behind zeros, a kernel of independent weights with norm 1, and the filter times 4.
    """
    torch.manual_seed(0)
    layer = Modulated(64, 256, w_dim=8, **kind)
    layer.style.weight.data *= 3.0
    x, w = drawn(16, 64, 24, 24), drawn(16, 8, seed=1)
    with torch.no_grad():
        inner = layer(x, w)[:, :, 4:-4, 4:-4]
    each = inner.square().mean((2, 3))
    expected = 1.0 if layer.smooth is None else 4.0**2 * float((FILTER**2).sum()) / 4.0
    assert abs(each.mean().item() / expected - 1) < 0.05
    layer.demodulate = False
    with torch.no_grad():
        assert layer(x, w).square().mean((1, 2, 3)).std() > 1.0, "styles change the size of a signal"


@pytest.mark.usefixtures("double")
def test_the_filter_is_that_of_scipy():
    x = drawn(2, 3, 6, 8)
    each = [image.numpy() for image in x.flatten(0, 1)]

    def expected(change) -> Tensor:
        return torch.from_numpy(np.stack([change(image) for image in each])).unflatten(0, (2, 3))

    torch.testing.assert_close(Smooth(padding=2)(x), expected(lambda image: filtered(image, 2)))
    torch.testing.assert_close(
        Smooth(padding=1, stride=2)(x), expected(lambda image: filtered(image, 1)[::2, ::2])
    )
    doubled = expected(lambda image: enlarged(image, 4 * FILTER)[1:-1, 1:-1])
    torch.testing.assert_close(Doubled()(x), doubled)
    assert doubled.shape == (2, 3, 12, 16)


def test_the_filter_keeps_what_is_constant():
    flat = torch.ones(1, 2, 8, 8)
    for layer, size in ((Smooth(padding=2), 9), (Smooth(padding=1, stride=2), 4), (Doubled(), 16)):
        made = layer(flat)
        assert made.shape == (1, 2, size, size)
        torch.testing.assert_close(made[:, :, 2:-2, 2:-2], torch.ones_like(made[:, :, 2:-2, 2:-2]))


def test_an_equalised_layer_starts_at_unit_variance_and_learns_at_one_pace():
    torch.manual_seed(0)
    x = drawn(64, 400, seed=7)
    for rate in (1.0, 0.01):
        layer = Linear(400, 300, bias=0.5, rate=rate)
        y = layer(x)
        assert abs(y.std() - 1) < 0.05
        assert abs(y.mean() - 0.5) < 0.02
        before = y.detach()
        with torch.no_grad():
            layer.weight.add_(0.1 * torch.ones_like(layer.weight))  # as Adam moves every number alike
        moved = (layer(x) - before).detach()
        torch.testing.assert_close(
            moved, rate * 0.1 * x.sum(1, keepdim=True).expand_as(moved) / 20, rtol=1e-3, atol=1e-4
        )
    assert abs(Conv(30, 20, 3, padding=1)(drawn(4, 30, 20, 20, seed=7))[:, :, 1:-1, 1:-1].std() - 1) < 0.1
    assert abs(Bent()(drawn(100_000)).square().mean() - 2 * (1 + 0.2**2) / 2) < 0.03


def test_linear_layers_of_heads_are_replaced():
    network = equalised(nn.Sequential(nn.Linear(3, 2, bias=False), nn.Sequential(nn.Linear(2, 5))))
    assert [type(m) for m in network.modules() if hasattr(m, "weight")] == [Linear, Linear]
    assert network(torch.rand(4, 3)).shape == (4, 5)
    assert [*network.state_dict()] == ["0.weight", "1.0.weight", "1.0.bias"]


def test_noise_is_drawn_in_training_and_constant_afterwards():
    torch.manual_seed(0)
    layer, x = Noise(4, 6), torch.zeros(3, 2, 4, 6)
    assert torch.equal(layer(x), x), "it begins at strength 0"
    layer.strength.data.fill_(0.5)
    with noise.seeded(1):
        first, second = layer(x), layer(x)
    with noise.seeded(1):
        assert torch.equal(layer(x), first)
    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[1]), "samples have their own"
    assert torch.equal(first[:, 0], first[:, 1]), "channels share it"
    for batch_statistics in (False, True):
        evaluate(layer, batch_statistics=batch_statistics)
        torch.testing.assert_close(layer(x), 0.5 * layer.fixed.expand(3, 2, 4, 6))
