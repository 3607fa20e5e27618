"""methods.md 25: parameter counts of the introspective family's networks, built on the device `meta`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from chimerae.config import from_dict
from chimerae.errors import InputError
from chimerae.networks import MLP, Residual
from tests.helpers.rows import through

SOFT_128, SOFT_256 = (64, 128, 256, 512, 512), (64, 128, 256, 512, 512, 512)
INTRO_256, INTRO_1024 = (32, 64, 128, 256, 512, 512), (16, 32, 64, 128, 256, 512, 512, 512)
INTRO = {"width": 32, "block_bn": "after_add"}

PUBLISHED = [
    (Residual(), (1, 28, 28), 32, (64, 128), 928_512, 697_025),
    (Residual(), (3, 32, 32), 128, (64, 128, 256), 3_382_848, 2_382_531),
    (Residual(), (3, 128, 128), 256, SOFT_128, 18_461_504, 14_121_667),
    (Residual(), (3, 256, 256), 256, SOFT_256, 23_182_144, 18_842_307),
    (Residual(**INTRO), (3, 256, 256), 512, INTRO_256, 22_711_456, 16_190_819),
    (Residual(**INTRO, shortcut="every_level"), (3, 256, 256), 512, INTRO_256, 22_973_600, 16_452_963),
]
IDS = ["mnist", "cifar", "128", "soft-256", "intro-256", "intro-256-published"]


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


@pytest.fixture(autouse=True)
def meta():
    with torch.device("meta"):
        yield


@through("arch, shape, z, channels, encoder, decoder", PUBLISHED)
def test_parameter_counts_of_the_papers(arch, shape, z, channels, encoder, decoder):
    for chosen in (arch, from_dict(Residual, vars(arch) | {"channels": channels})):
        assert count(chosen.encoder(shape, z)) == encoder
        assert count(chosen.decoder(z, shape, output="linear")) == decoder


def test_parameter_counts_of_the_toys():
    toy = MLP(width=256, depth=4)
    assert count(toy.encoder((2,), 2)) == 199_172
    assert count(toy.decoder(2, (2,))) == 198_658


def test_1024_pixels_have_eight_levels_and_the_published_code_two_more_shortcuts():
    shape = (3, 1024, 1024)
    plain, published = (Residual(width=16, shortcut=s) for s in ("width_changes", "every_level"))
    listed = Residual(channels=INTRO_1024)
    assert count(plain.encoder(shape, 512)) == count(listed.encoder(shape, 512))
    assert count(published.encoder(shape, 512)) - count(plain.encoder(shape, 512)) == 2 * 512 * 512
    assert count(published.decoder(512, shape)) - count(plain.decoder(512, shape)) == 2 * 512 * 512


@through("shape", [(1, 28, 28), (3, 32, 32), (3, 24, 40), (3, 1024, 1024)])
def test_sizes_that_come_out(shape):
    arch = Residual(width=1)
    assert arch.encoder(shape, 5)(torch.empty(2, *shape)).mu.shape == (2, 5)
    assert arch.decoder(5, shape)(torch.empty(2, 5)).shape == (2, *shape)


@through("block_bn, after", [("after_add", "BatchNorm2d"), ("before_add", "LeakyReLU")])
def test_where_the_second_batchnorm_stands(block_bn, after):
    encoder = Residual(width=2, block_bn=block_bn).encoder((1, 8, 8), 3)
    (block,) = [m for m in encoder.modules() if type(m).__name__ == "ResidualBlock"]
    assert type(block.end[0]).__name__ == after
    assert isinstance(block.body[-1], nn.BatchNorm2d) == (block_bn == "before_add")
    assert sum(isinstance(m, nn.BatchNorm2d) for m in block.modules()) == 2


def test_no_convolution_has_a_bias_but_the_last():
    nets = [Residual(width=2).encoder((1, 16, 16), 3), Residual(width=2).decoder(3, (1, 16, 16))]
    convolutions = [m for net in nets for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert [m.bias is not None for m in convolutions] == [False] * (len(convolutions) - 1) + [True]


@through(
    "arch, shape, words",
    [
        (Residual(), (2,), "--arch mlp"),
        (Residual(), (3, 62, 64), "64x64"),
        (Residual(channels=(8, 8, 8)), (1, 28, 28), "multiples of 8; the nearest larger size is 32x32"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_with_the_nearest(arch, shape, words):
    with pytest.raises(InputError, match=words):
        arch.encoder(shape, 3)


def test_channels_are_positive():
    with pytest.raises(InputError, match="channels"):
        from_dict(Residual, {"channels": [8, 0]})
