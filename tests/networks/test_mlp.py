from __future__ import annotations

import torch
from torch import nn

from chimerae.networks import MLP
from chimerae.networks.mlp import ACTIVATIONS
from tests.helpers.rows import through


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def linear(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


@through("depth", [1, 2, 3])
@through("shape, values", [((2,), 2), ((3, 4, 6), 72)])
def test_parameter_counts(depth, shape, values):
    arch, w, z = MLP(width=128, depth=depth), 128, 5
    hidden = (depth - 1) * linear(w, w)
    assert count(arch.decoder(z, shape)) == linear(z, w) + hidden + linear(w, values)
    assert count(arch.critic(shape)) == linear(values, w) + hidden + linear(w, 1)
    assert count(arch.feature_critic(shape)) == count(arch.critic(shape))
    assert count(arch.pair_critic(shape, z)) == linear(values + z, w) + hidden + linear(w, 1)
    assert count(arch.code_critic(z)) == linear(z, w) + hidden + linear(w, 1)
    noisy, plain = arch.noisy_encoder(shape, z, 4), count(arch.encoder(shape, z, scale="none"))
    plane = values // shape[0]  # points: four more inputs; images: one more channel, and what spreads noise
    more = 4 * w if len(shape) == 1 else plane * w + 4 * plane
    assert count(noisy) == plain + more
    assert count(arch.encoder(shape, z)) == linear(values, w) + hidden + linear(w, 2 * z)
    assert count(arch.encoder(shape, z, scale="shared")) == linear(values, w) + hidden + linear(w, z) + z
    assert count(arch.encoder(shape, z, scale="none")) == linear(values, w) + hidden + linear(w, z)


def test_the_toy_networks_of_the_avae_paper_have_two_hidden_layers_of_128():
    layers = [m for m in MLP().critic((2,)).modules() if isinstance(m, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in layers] == [(2, 128), (128, 128), (128, 1)]


@through("name", ACTIVATIONS)
def test_activation_stands_after_every_hidden_layer(name):
    network = MLP(width=4, depth=3, activation=name).critic((2,))
    assert sum(isinstance(m, ACTIVATIONS[name]) for m in network.modules()) == 3


def test_features_are_the_last_hidden_layer():
    critic = MLP(width=7, depth=2).feature_critic((2,))
    logit, features = critic(torch.ones(3, 2))
    assert features.shape == (3, 7)
    torch.testing.assert_close(critic.logit(features), logit)


def test_points_are_not_squashed_and_images_are():
    z = torch.full((4, 3), 1e3)
    torch.manual_seed(0)
    assert MLP(width=8).decoder(3, (2,))(z).abs().max() > 1
    assert MLP(width=8).decoder(3, (1, 4, 4))(z).abs().max() <= 1
