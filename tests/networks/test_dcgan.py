"""Shapes and parameter counts of the AVAE paper's networks, counted from its code; on device `meta`."""

from __future__ import annotations

from math import sqrt

import pytest
import torch
from torch import nn

from chimerae.errors import InputError
from chimerae.networks import DCGAN
from tests.helpers.rows import through

PAPER = DCGAN(width=128)
Z = 100
SIDES = [32, 64]

GENERATOR = {
    64: [(1024, 4, 4), (512, 8, 8), (256, 16, 16), (128, 32, 32), (3, 64, 64)],
    32: [(1024, 4, 4), (512, 8, 8), (256, 8, 8), (128, 16, 16), (3, 32, 32)],
}
CRITIC = {
    64: [(128, 32, 32), (256, 16, 16), (512, 8, 8), (1024, 4, 4)],
    32: [(128, 16, 16), (256, 8, 8), (512, 8, 8), (1024, 4, 4)],
}


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def stages(network: nn.Module, x: torch.Tensor) -> list[tuple[int, ...]]:
    """Shapes that come out of the image-shaped stages, and of the whole."""
    seen: list[tuple[int, ...]] = []
    kinds = nn.ReLU | nn.LeakyReLU | nn.Tanh
    for module in network.modules():
        if isinstance(module, kinds):
            module.register_forward_hook(lambda _module, _x, y: seen.append(tuple(y.shape[1:])))
    network(x)
    return seen


@pytest.fixture(autouse=True)
def meta():
    with torch.device("meta"):
        yield


@through("side", SIDES)
def test_parameter_counts_of_the_paper(side):
    shape = (3, side, side)
    assert count(PAPER.decoder(Z, shape)) == 18_855_043
    assert count(PAPER.decoder(2 * Z, shape)) == 20_493_443
    assert count(PAPER.critic(shape)) == 17_232_897
    assert count(PAPER.encoder(shape, Z, scale="shared")) == 18_855_112
    assert count(PAPER.feature_critic(shape)) == 17_232_897


@through("side", SIDES)
def test_the_pair_critic_is_the_trunk_and_fully_connected_layers(side):
    """As in the AVAE repository: both branches end in 8w, the joint trunk has two layers of 16w."""
    w = 128
    trunk = 17_232_897 - (4 * 4 * 1024 + 1)
    image, code = 4 * 4 * 1024 * 8 * w + 8 * w, (Z + 1) * 8 * w + 2 * (8 * w + 1) * 8 * w
    joint = 2 * (16 * w + 1) * 16 * w + 16 * w + 1
    assert count(PAPER.pair_critic((3, side, side), Z)) == trunk + image + code + joint


@through("side", SIDES)
def test_one_channel_saves_two_slices_of_the_outermost_convolution(side):
    grey, slices = (1, side, side), 2 * 5 * 5 * 128
    assert count(PAPER.decoder(Z, grey)) == 18_855_043 - slices - 2  # and two biases
    assert count(PAPER.critic(grey)) == 17_232_897 - slices
    assert count(PAPER.encoder(grey, Z, scale="shared")) == 18_855_112 - slices


@through("side", SIDES)
def test_encoders_differ_by_their_spread(side):
    shape, head = (3, side, side), 4 * 4 * 1024 * Z + Z
    none = count(PAPER.encoder(shape, Z, scale="none"))
    assert count(PAPER.encoder(shape, Z, scale="shared")) == none + Z
    assert count(PAPER.encoder(shape, Z, scale="free")) == none + head


@through("side", SIDES)
def test_noise_costs_one_more_channel_and_the_layer_that_spreads_it(side):
    shape, noise = (3, side, side), 32
    plain = count(PAPER.encoder(shape, Z, scale="none"))
    assert count(PAPER.noisy_encoder(shape, Z, noise)) == plain + 5 * 5 * 128 + noise * side * side


@through("side", SIDES)
def test_critics_of_pairs_and_of_codes(side):
    w8 = 8 * 128
    trunk = count(PAPER.critic((3, side, side))) - (4 * 4 * w8 + 1)
    codes = (Z * w8 + w8) + 2 * (w8 * w8 + w8)
    joint = 2 * (4 * w8 * w8 + 2 * w8) + 2 * w8 + 1
    assert count(PAPER.pair_critic((3, side, side), Z)) == trunk + (16 * w8 * w8 + w8) + codes + joint
    assert count(PAPER.code_critic(Z)) == (Z * w8 + w8) + 3 * (w8 * w8 + w8) + w8 + 1


@through("side", SIDES)
def test_sizes_of_the_stages(side):
    x = torch.empty(2, 3, side, side)
    assert stages(PAPER.decoder(Z, (3, side, side)), torch.empty(2, Z)) == GENERATOR[side]
    assert stages(PAPER.critic((3, side, side)), x) == CRITIC[side]
    assert stages(PAPER.encoder((3, side, side), Z), x) == CRITIC[side]


def test_features_are_the_third_stage_at_64_and_the_fourth_at_32():
    for side, shape in ((64, (512, 8, 8)), (32, (1024, 4, 4))):
        _, features = PAPER.feature_critic((3, side, side))(torch.empty(2, 3, side, side))
        assert tuple(features.shape[1:]) == shape


@through("side, stage, gain", [(64, 3, 1 / sqrt(2)), (32, 4, 1.0)])
def test_features_are_taken_after_the_activation_and_scaled(side, stage, gain):
    with torch.device("cpu"):
        critic = DCGAN(width=2).feature_critic((3, side, side)).eval()
        x, seen = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0)), []
        activations = [m for m in critic.modules() if isinstance(m, nn.LeakyReLU)]
        activations[stage - 1].register_forward_hook(lambda _module, _x, y: seen.append(y))
        _, features = critic(x)
        torch.testing.assert_close(features, gain * seen[0])


@through("size, bottom", [((64, 96), (4, 6)), ((128, 64), (8, 4)), ((16, 40), (2, 5)), ((56, 64), (7, 8))])
def test_sides_need_not_be_equal(size, bottom):
    shape = (3, *size)
    network = DCGAN(width=2)
    assert tuple(network.decoder(Z, shape)(torch.empty(2, Z)).shape) == (2, *shape)
    assert network.critic(shape)(torch.empty(2, *shape)).shape == (2,)
    assert stages(network.critic(shape), torch.empty(2, *shape))[-1] == (16, *bottom)
    assert stages(network.decoder(Z, shape), torch.empty(2, Z))[0] == (16, *bottom)


@through("channels", [1, 2, 3, 4, 13])
def test_any_number_of_channels(channels):
    shape = (channels, 32, 32)
    assert tuple(DCGAN(width=3).decoder(Z, shape)(torch.empty(2, Z)).shape) == (2, *shape)
    assert DCGAN(width=3).critic(shape)(torch.empty(2, *shape)).shape == (2,)


@through(
    "shape, named",
    [
        ((1, 28, 28), ["24x24", "32x32", "28x28"]),
        ((3, 70, 100), ["64x96", "80x112"]),
        ((3, 1, 1), ["8x8"]),
        ((3, 32, 33), ["32x32", "32x40"]),
        ((3, 72, 62), ["72x56", "80x64"]),
    ],
)
def test_an_impossible_shape_names_the_nearest_valid_ones(shape, named):
    with pytest.raises(InputError) as refused:
        PAPER.check(shape)
    message = str(refused.value)
    assert all(size in message for size in named), message
    assert "--prepare.size" in message


def test_points_are_refused():
    with pytest.raises(InputError, match="mlp"):
        PAPER.check((2,))


def test_initial_weights():
    with torch.device("cpu"):
        network = DCGAN(width=16).encoder((3, 32, 32), Z)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            assert abs(module.weight.std() - 0.02) < 0.002
            assert abs(module.weight.mean()) < 0.002
            assert module.bias is None or not module.bias.any()
        if isinstance(module, nn.BatchNorm2d):
            assert abs(module.weight.mean() - 1) < 0.02
            assert 0.01 < module.weight.std() < 0.03
            assert not module.bias.any()
            assert module.eps == 1e-3


@through("norm", [True, False])
def test_first_stage_has_a_bias_and_no_norm(norm):
    critic = PAPER.critic((3, 64, 64), norm=norm)
    convolutions = [m for m in critic.modules() if isinstance(m, nn.Conv2d)]
    assert [c.bias is not None for c in convolutions] == [True, *[not norm] * 3]
    assert sum(isinstance(m, nn.BatchNorm2d) for m in critic.modules()) == (3 if norm else 0)
