"""First weights of DCGAN's critics."""

from __future__ import annotations

from math import sqrt

import pytest
import torch
from torch import nn

from chimerae import noise
from chimerae.networks import DCGAN
from tests.helpers.rows import through

SHAPE, Z = (1, 32, 32), 64
NARROW, KAIMING = DCGAN(width=16), DCGAN(width=16, critic_start="kaiming")


def linear_layers(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]


def hearing(arch: DCGAN) -> float:
    """How far a logit moves with the code, over how far it moves with the image."""
    with noise.seeded("hearing"), torch.no_grad():
        critic = arch.pair_critic(SHAPE, Z).double()
        x, z = torch.randn(256, *SHAPE).double(), torch.randn(256, Z).double()
        of_codes = critic(x[:1].expand_as(x), z).std()
        of_images = critic(x, z[:1].expand_as(z)).std()
    return float(of_codes / of_images)


def test_a_narrow_critic_of_pairs_is_deaf_to_codes_and_a_kaiming_start_mends_it():
    assert hearing(NARROW) < 0.05
    assert 0.3 < hearing(KAIMING) < 3.0


@through("build", ["critic", "pair_critic", "code_critic"])
def test_a_signal_keeps_its_size(build: str):
    """Between a tenth and ten times; with the narrow start it would be far below."""
    made = {
        "critic": lambda arch: (arch.critic(SHAPE, norm=False), (torch.randn(256, *SHAPE),)),
        "pair_critic": lambda arch: (
            arch.pair_critic(SHAPE, Z, norm=False),
            (torch.randn(256, *SHAPE), torch.randn(256, Z)),
        ),
        "code_critic": lambda arch: (arch.code_critic(Z), (torch.randn(256, Z),)),
    }
    sizes = {}
    for arch in (NARROW, KAIMING):
        with noise.seeded("size"), torch.no_grad():
            critic, inputs = made[build](arch)
            sizes[arch.critic_start] = float(critic(*inputs).std())
    assert 0.1 < sizes["kaiming"] < 10
    assert sizes["narrow"] < 0.05


def test_it_is_he_s_where_no_batchnorm_follows_and_dcgan_s_elsewhere():
    with noise.seeded("start"):
        layers = linear_layers(KAIMING.pair_critic(SHAPE, Z))
    assert {module.bias is None for module in layers} == {True, False}
    for module in layers:
        fan_in = module.weight[0].numel()
        expected = 0.02 if module.bias is None else sqrt(2 / (1.04 * fan_in))
        if module.weight.numel() > 1000:
            assert float(module.weight.detach().std()) == pytest.approx(expected, rel=0.1)
        assert module.bias is None or not module.bias.any()


def test_the_narrow_start_is_the_default_and_other_networks_have_no_other():
    with noise.seeded("start"):
        for module in linear_layers(DCGAN(width=16).pair_critic(SHAPE, Z)):
            assert float(module.weight.detach().std()) == pytest.approx(0.02, rel=0.2)
    for build in (lambda arch: arch.encoder(SHAPE, Z), lambda arch: arch.decoder(Z, SHAPE)):
        made = []
        for arch in (NARROW, KAIMING):
            with noise.seeded("same"):
                made.append(build(arch).state_dict())
        assert all(torch.equal(made[0][name], made[1][name]) for name in made[0])
