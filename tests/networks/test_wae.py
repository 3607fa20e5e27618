"""methods.md 25: parameter counts of the WAE paper's networks, built on the device `meta`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from chimerae.errors import InputError
from chimerae.networks import WAE
from tests.helpers.rows import through
from tests.networks.test_dcgan import count, stages

CELEBA, MNIST = ((3, 64, 64), 64), ((1, 28, 28), 8)


@pytest.fixture(autouse=True)
def meta():
    with torch.device("meta"):
        yield


@through(
    "shape, z_dim, encoder, decoder", [(*CELEBA, 18_267_200, 21_475_331), (*MNIST, 11_050_632, 10_943_745)]
)
def test_parameter_counts_of_the_paper(shape, z_dim, encoder, decoder):
    assert count(WAE().encoder(shape, z_dim, scale="none")) == encoder
    assert count(WAE().decoder(z_dim, shape)) == decoder


@through("units, parameters", [(512, 821_761), (1024, 3_216_385)])
def test_parameter_counts_of_the_code_critic(units, parameters):
    assert count(WAE(critic_width=units).code_critic(64)) == parameters


def test_sizes_of_the_stages():
    x, z = torch.empty(2, 3, 64, 64), torch.empty(2, 64)
    assert stages(WAE().encoder(x.shape[1:], 64), x) == [
        (128, 32, 32),
        (256, 16, 16),
        (512, 8, 8),
        (1024, 4, 4),
    ]
    up = [(1024, 8, 8), (512, 16, 16), (256, 32, 32), (128, 64, 64), (3, 64, 64)]
    assert stages(WAE().decoder(64, (3, 64, 64)), z) == up
    x, z = torch.empty(2, 1, 28, 28), torch.empty(2, 8)
    down = [(128, 14, 14), (256, 7, 7), (512, 4, 4), (1024, 2, 2)]
    assert stages(WAE().encoder(x.shape[1:], 8), x) == down
    made = WAE().decoder(8, (1, 28, 28), output="sigmoid")(z)
    assert tuple(made.shape) == (2, 1, 28, 28)
    assert stages(WAE().decoder(8, (1, 28, 28)), z) == [
        (1024, 7, 7),
        (512, 14, 14),
        (256, 28, 28),
        (1, 28, 28),
    ]


@through("shape, named", [((3, 70, 100), "72x104"), ((1, 27, 28), "28x28"), ((1, 62, 76), "64x80")])
def test_an_impossible_shape_names_the_nearest_valid_one(shape, named):
    with pytest.raises(InputError, match=named):
        WAE().check(shape)


def test_points_are_refused():
    with pytest.raises(InputError, match="mlp"):
        WAE().check((2,))


def test_initial_weights():
    with torch.device("cpu"):
        network = WAE(width=16).encoder((1, 28, 28), 8)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            assert module.weight.abs().max() <= 0.02
            assert 0.008 < module.weight.std() < 0.0095  # 0.88 of it is left by the cut
            assert not module.bias.any()
        if isinstance(module, nn.BatchNorm2d):
            assert module.eps == 1e-5
            assert module.momentum == 0.1
