from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from chimerae import noise
from chimerae.errors import InputError
from chimerae.networks import Style
from chimerae.networks.deviation import BatchDeviation
from chimerae.networks.style import Mapping
from tests.helpers.rows import through

TINY = Style(width=2, widest=8, mapping_layers=2)


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_parameter_counts_are_the_published_ones():
    """The totals of configuration F at 1,024 px, as printed when the published code trains. At 256 px they
    are without the printed rows of larger sizes, and with a first layer for 128 channels.
    """
    larger_g = (139_457, 69_761, 33_027, 51_297, 25_665, 16_515)
    larger_d = (128, 2_048, 9_248, 18_496, 8_192, 36_928, 73_856)
    generator, critic = 30_370_060, 29_012_513
    with torch.device("meta"):
        assert counts(Style(width=32), 1024) == (generator, 2_101_248, critic)
        expected = (generator - sum(larger_g), 2_101_248, critic - sum(larger_d) + 512)
        assert counts(Style(width=128), 256) == expected


def counts(arch: Style, side: int) -> tuple[int, int, int]:
    """Parameters of a generator with a code of 512, of its mapping alone, and of a critic."""
    decoder = arch.decoder(512, (3, side, side))
    return count(decoder), count(decoder.mapping), count(arch.critic((3, side, side)))


@through("side", [32, 64, 128, 256, 512, 1024])
def test_sizes_from_32_to_1024(side):
    shape = (3, side, side)
    with torch.no_grad():
        x = TINY.decoder(5, shape)(drawn(2, 5))
        assert x.shape == (2, *shape)
        assert TINY.critic(shape)(x).shape == (2,)
        assert TINY.encoder(shape, 5)(x).mu.shape == (2, 5)


def test_channels_are_those_of_the_paper():
    assert Style(width=32)._channels((3, 1024, 1024)) == (32, 64, 128, 256, 512, 512, 512, 512, 512)
    assert Style(width=128)._channels((3, 256, 256)) == (128, 256, 512, 512, 512, 512, 512)
    assert TINY._channels((1, 24, 40)) == (2, 4, 8)


def test_a_code_keeps_its_length_unless_it_is_normalised():
    torch.manual_seed(0)
    z = drawn(2, 4)
    for normalise in (False, True):
        mapping = Mapping(4, 6, 3, normalise)
        assert torch.allclose(mapping(z), mapping(3 * z), atol=1e-5) == normalise


def test_images_differ_between_steps_of_training_and_not_in_evaluation():
    torch.manual_seed(0)
    decoder, z = TINY.decoder(5, (1, 16, 16)), drawn(2, 5)
    for name, p in decoder.named_parameters():
        if name.endswith("strength"):
            p.data.fill_(0.3)
    assert not torch.equal(decoder(z), decoder(z))
    with noise.seeded(1):
        first = decoder(z)
    with noise.seeded(1):
        assert torch.equal(decoder(z), first)
    decoder.eval()
    assert torch.equal(decoder(z), decoder(z))
    torch.testing.assert_close(decoder(z), torch.cat([decoder(one) for one in z.split(1)]))
    silent = Style(width=2, widest=8, noise=False).decoder(5, (1, 16, 16))
    assert torch.equal(silent(z), silent(z))
    assert not any("noise" in name for name in silent.state_dict())


def test_mixing_takes_later_layers_from_the_other_code():
    torch.manual_seed(0)
    decoder, z, other = TINY.decoder(5, (1, 16, 16)).eval(), drawn(2, 5), drawn(2, 5, seed=1)
    n = decoder.styles
    assert n == 6
    torch.testing.assert_close(
        decoder(z, other, torch.tensor([n, 0])), torch.stack([decoder(z)[0], decoder(other)[1]])
    )
    halfway = decoder(z, other, torch.tensor([3, 3]))
    assert not torch.allclose(halfway, decoder(z))
    assert not torch.allclose(halfway, decoder(other))
    w = decoder.mapping(z)[:, None].repeat(1, n, 1)
    w[:, 3:] = decoder.mapping(other)[:, None]
    torch.testing.assert_close(halfway, decoder.synthesis(w))


def test_the_deviation_of_a_batch_is_its_own_channel():
    x = drawn(6, 3, 2, 2).double()
    whole = BatchDeviation(0)(x)
    torch.testing.assert_close(whole[:, :3], x)
    expected = (x.float().var(0, correction=0) + 1e-8).sqrt().mean().double()
    torch.testing.assert_close(whole[:, 3], expected.expand(6, 2, 2))
    pairs = BatchDeviation(2)(x)
    for i in range(3):
        torch.testing.assert_close(pairs[2 * i : 2 * i + 2], BatchDeviation(0)(x[2 * i : 2 * i + 2]))
    uneven = BatchDeviation(4)(x)
    torch.testing.assert_close(uneven, whole)
    alone = BatchDeviation(4)(x[:1])
    assert alone[0, 3].max() < 1e-3


def test_critics_see_the_batch_and_encoders_do_not():
    torch.manual_seed(0)
    shape, x = (1, 16, 16), drawn(4, 1, 16, 16)
    encoder, judge = TINY.encoder(shape, 3), TINY.feature_critic(shape)
    assert judge(x)[1].shape == (4, 8, 4, 4)
    for network, sees in (
        (TINY.critic(shape), True),
        (TINY.critic(shape, norm=False), False),
        (lambda x: encoder(x).mu, False),
        (lambda x: judge(x)[0], True),
        (lambda x: judge(x)[1], False),
    ):
        together, alone = network(x), torch.cat([network(one) for one in x.split(1)])
        assert torch.allclose(together, alone, atol=1e-5) != sees


def test_bfloat16_is_close_to_float32():
    torch.manual_seed(0)
    arch, shape, z = Style(width=8), (3, 32, 32), drawn(8, 16)
    decoder, critic = arch.decoder(16, shape, output="linear").eval(), arch.critic(shape)
    with torch.no_grad():
        x = decoder(z)
        c = critic(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            x_half = decoder(z)
            c_half = critic(x)
    assert x_half.dtype == torch.bfloat16
    assert (x_half.float() - x).norm() < 0.03 * x.norm()
    assert (c_half.float() - c).norm() < 0.05 * c.norm()


def test_points_and_uneven_sides_are_refused():
    with pytest.raises(InputError, match="--arch mlp"):
        TINY.check((2,))
    with pytest.raises(InputError, match="multiples of 8; the nearest larger size is 40x40"):
        TINY.check((3, 36, 33))
