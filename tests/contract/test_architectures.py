"""One battery over every architecture."""

from __future__ import annotations

import json
from contextlib import nullcontext
from math import inf

import pytest
import torch
from torch import nn

from chimerae import noise
from chimerae.config import from_dict, to_dict
from chimerae.errors import InputError
from chimerae.gaussian import Gaussian
from chimerae.networks import ARCHITECTURES, BY_NAME
from tests.helpers.cases import GREY, OBLONG, POINTS, shapes_for, tiny
from tests.helpers.rows import through

SMALL = [tiny(arch) for arch in ARCHITECTURES]
PAIRS = [(arch, shape) for arch in SMALL for shape in shapes_for(arch)]
pairs = through("arch, shape", PAIRS, ids=lambda row: f"{row[0].name}, {row[1]}")
N, Z = 5, 3


def data(shape: tuple[int, ...], n: int = N) -> torch.Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_names_are_distinct_and_listed():
    assert list(BY_NAME) == [arch.name for arch in ARCHITECTURES]


@pairs
@through("scale", ["free", "shared", "none"])
def test_encoder(arch, shape, scale):
    q = arch.encoder(shape, Z, scale=scale)(data(shape))
    assert isinstance(q, Gaussian)
    assert q.mu.shape == (N, Z)
    assert q.logvar.shape == ((N, Z) if scale == "free" else (Z,))
    if scale == "shared":
        assert torch.equal(q.sigma, torch.ones(Z))
    if scale == "none":
        assert q.sigma.max() < 1e-6
        assert not q.logvar.requires_grad


RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "linear": (-inf, inf)}


@pairs
@through("output", RANGES)
def test_decoder(arch, shape, output):
    """Images end in `output`, points in nothing."""
    torch.manual_seed(0)
    network = arch.decoder(Z, shape, output=output).train()
    last = [p for p in network.parameters() if p.dim() > 1][-1]
    last.data *= 10_000
    x = network(torch.randn(64, Z, generator=torch.Generator().manual_seed(0)))
    assert x.shape == (64, *shape)
    low, high = RANGES[output] if len(shape) == 3 else RANGES["linear"]
    assert low <= x.min()
    assert x.max() <= high
    if high == inf:
        assert x.abs().max() > 1.1, "nothing holds it back"
    else:
        assert x.max() - x.min() > 0.9 * (high - low), "the range is used"


@pairs
def test_critics(arch, shape):
    x = data(shape)
    assert arch.critic(shape)(x).shape == (N,)
    logit, features = arch.feature_critic(shape)(x)
    assert logit.shape == (N,)
    assert features.shape[0] == N
    assert features[0].numel() > 1


@pairs
def test_pair_critic_looks_at_both(arch, shape):
    critic, x, z = arch.pair_critic(shape, Z).eval(), data(shape), data((Z,))
    logit = critic(x, z)
    assert logit.shape == (N,)
    assert not torch.equal(critic(x, z + 1), logit)
    assert not torch.equal(critic(x.flip(0), z), logit)


@pairs
@through("norm", [True, False])
def test_critics_of_pairs_and_of_codes(arch, shape, norm):
    x, z = data(shape), torch.randn(N, Z, generator=torch.Generator().manual_seed(1))
    critic, code_critic = arch.pair_critic(shape, Z, norm=norm).train(), arch.code_critic(Z)
    assert critic(x, z).shape == code_critic(z).shape == (N,)
    torch.testing.assert_close(code_critic(z), torch.cat([code_critic(one) for one in z.split(1)]))
    if not norm:
        alone = [critic(*one) for one in zip(x.split(1), z.split(1), strict=True)]
        torch.testing.assert_close(critic(x, z), torch.cat(alone))


@pairs
def test_a_noisy_encoder_bends_its_noise(arch, shape):
    """The noise is no shift of the code: what it does depends on the sample, and on its own size."""
    encoder = arch.noisy_encoder(shape, Z, 4).eval()
    x, eps = data(shape), torch.randn(4, generator=torch.Generator().manual_seed(1)).expand(N, 4)
    silent, once, twice = (encoder(x, factor * eps) for factor in (0, 1, 2))
    assert once.shape == (N, Z)
    shift = once - silent
    assert (shift - shift[:1]).abs().max() > 1e-3 * shift.abs().max()
    assert (twice - silent - 2 * shift).abs().max() > 1e-3 * shift.abs().max()


@pairs
def test_critics_of_codes_and_of_several_outcomes(arch, shape):
    x = data(shape)
    logits, features = arch.class_critic(shape, 4)(x)
    assert logits.shape == (N, 4)
    q = arch.code_head(shape, Z)(features)
    assert q.mu.shape == q.logvar.shape == (N, Z)
    critic, z = arch.code_critic(Z), torch.randn(N, Z)
    assert critic(z).shape == (N,)
    torch.testing.assert_close(critic(z), torch.cat([critic(one) for one in z.split(1)]))


@pairs
def test_critic_without_norm_treats_samples_one_by_one(arch, shape):
    critic = arch.critic(shape, norm=False).train()
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in critic.modules())
    x = data(shape)
    torch.testing.assert_close(critic(x), torch.cat([critic(one) for one in x.split(1)]))
    assert all(p.requires_grad for p in critic.parameters())


@pairs
def test_weights_follow_from_the_seed(arch, shape):
    def weights(seed: int) -> torch.Tensor:
        with noise.seeded(seed):
            return nn.utils.parameters_to_vector(arch.encoder(shape, Z).parameters())

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))


@pairs
def test_two_networks_share_nothing(arch, shape):
    a, b = arch.decoder(Z, shape), arch.decoder(Z, shape)
    assert not {id(p) for p in a.parameters()} & {id(p) for p in b.parameters()}


@through("arch", SMALL, ids=lambda arch: arch.name)
def test_nearest_shapes_are_valid_and_not_smaller(arch):
    for height in range(1, 140):
        for width in (1, 31, 62, 64, 65, 72, height):
            channels, h, w = arch.nearest((3, height, width))
            assert channels == 3
            assert h >= height
            assert w >= width
            arch.check((channels, h, w))
            assert arch.nearest((channels, h, w)) == (channels, h, w)


@through("arch", SMALL, ids=lambda arch: arch.name)
@through("shape", [POINTS, GREY, OBLONG, (1, 7, 9), (3, 70, 64), (1, 28, 28)])
def test_a_shape_is_built_or_refused_in_one_line(arch, shape):
    factories = (
        lambda: arch.encoder(shape, Z),
        lambda: arch.decoder(Z, shape),
        lambda: arch.critic(shape),
        lambda: arch.feature_critic(shape),
        lambda: arch.pair_critic(shape, Z),
    )
    message = refusal(arch, shape)
    assert message is None or ("\n" not in message and "--" in message), "say what to do, in one line"
    for factory in factories:
        with nullcontext() if message is None else pytest.raises(InputError):
            factory()


def refusal(arch, shape) -> str | None:
    try:
        arch.check(shape)
    except InputError as error:
        return str(error)
    return None


@through("arch", SMALL, ids=lambda arch: arch.name)
def test_settings_survive_json(arch):
    assert from_dict(type(arch), json.loads(json.dumps(to_dict(arch)))) == arch


@through("arch", SMALL, ids=lambda arch: arch.name)
def test_width_is_at_least_one(arch):
    with pytest.raises(InputError, match="width"):
        from_dict(type(arch), {"width": 0})
