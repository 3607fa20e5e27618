"""A codec is the method's own steps, with images in [0, 1]."""

from __future__ import annotations

import pytest
import torch

from chimerae import noise
from chimerae.codec import Codec
from chimerae.methods import GAN, METHODS, NoEncoder
from chimerae.networks import DCGAN, MLP
from chimerae.shapes import SIGNED, UNIT, is_image
from tests.helpers.cases import GREY, POINTS, Case, small
from tests.helpers.rows import through

N = 5
ENCODING = [method.name for method in METHODS if small(method.name).encodes]


def opened(case: Case) -> Codec:
    return Codec(case.method, case.state().final_nets(), case.shape)


def unit(shape: tuple[int, ...]) -> torch.Tensor:
    return torch.rand(N, *shape, generator=torch.Generator().manual_seed(0))


@through("name", ENCODING)
@through("arch, shape", [(DCGAN(width=2), GREY), (MLP(width=8), POINTS)])
def test_reconstructions_are_the_methods_own_steps(name, arch, shape):
    codec = opened(Case(small(name), arch, shape))
    method, nets, x = codec.method, codec.nets, unit(shape)
    with nets.evaluating():
        with noise.seeded(0):
            made = codec.reconstruct(x)
        with noise.seeded(0):
            q = method.encode(nets, method.value_range.from_unit(x) if is_image(shape) else x)
            z = method.with_noise(method.reconstruction_code(q, noise.normal(N, method.z_dim)))
            by_hand = method.decode(nets, z)
    assert tuple(made) == method.decoders
    for by, samples in by_hand.items():
        wanted = method.value_range.to_unit(samples) if is_image(shape) else samples
        assert torch.equal(made[by], wanted)


@through("name", [method.name for method in METHODS])
def test_generated_images_lie_in_the_unit_range_and_share_their_codes(name):
    codec = opened(Case(small(name), DCGAN(width=2), GREY))
    with codec.nets.evaluating(), noise.seeded(1):
        made = codec.generate(N)
    with codec.nets.evaluating(), noise.seeded(1):
        z = noise.normal(N, codec.method.z_dim + codec.method.noise_dim)
        again = codec.decode(z)
    for by, samples in made.items():
        assert samples.shape == (N, *GREY)
        assert 0 <= samples.min() <= samples.max() <= 1
        assert torch.equal(samples, again[by])


def test_a_path_keeps_the_noise_of_its_start_and_both_ends():
    codec = opened(Case(small("avae", use_xi=True), MLP(width=8), POINTS))
    d = codec.method.z_dim
    a, b = torch.randn(2, 3, d + codec.method.noise_dim, generator=torch.Generator().manual_seed(0))
    for mode in ("linear", "spherical"):
        path = codec.walk(a, b, 4, mode)
        assert path.shape == (3, 4, a.shape[1])
        torch.testing.assert_close(path[:, 0], a)
        torch.testing.assert_close(path[:, -1, :d], b[:, :d])
        assert torch.equal(path[:, :, d:], a[:, None, d:].expand(-1, 4, -1))


def test_a_method_without_encoder_says_so():
    codec = opened(Case(GAN(z_dim=3), DCGAN(width=2), GREY))
    with pytest.raises(NoEncoder, match="gan has no encoder"), codec.nets.evaluating():
        codec.reconstruct(unit(GREY))


@through("values", [SIGNED, UNIT])
def test_images_of_every_range_come_back(values):
    x = torch.linspace(0, 1, 11)
    torch.testing.assert_close(values.to_unit(values.from_unit(x)), x)
    assert values.to_unit(torch.tensor([values.low - 3, values.high + 3])).tolist() == [0.0, 1.0]
