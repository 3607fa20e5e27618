"""Path lengths against whole Jacobians."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from chimerae import noise
from chimerae.losses.path_length import MEAN, PathLength, path_lengths
from chimerae.nets import Autocast, Network
from chimerae.networks import MLP, Style
from tests.helpers.tape import Tape

B, Z = 3, 4


def network(module: nn.Module) -> Network:
    return Network(module.eval(), Autocast())


def codes() -> Tensor:
    return torch.randn(B, Z, generator=torch.Generator().manual_seed(0))


@pytest.mark.usefixtures("double")
def test_lengths_of_a_generator_of_points_are_those_of_its_jacobian():
    torch.manual_seed(0)
    generator, z, tape = network(MLP(width=8).decoder(Z, (2,))), codes(), Tape()
    with tape.recording(0):
        lengths = path_lengths(generator, z)
    for one, y, length in zip(z, tape.draws[0], lengths, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda z: generator(z[None])[0], one)
        torch.testing.assert_close(length, (jacobian.T @ y).norm())


@pytest.mark.usefixtures("double")
def test_lengths_of_images_are_means_over_the_styles_of_layers():
    torch.manual_seed(0)
    decoder, z, tape = Style(width=2, mapping_layers=2).decoder(Z, (1, 8, 8)), codes(), Tape()
    with tape.recording(0):
        lengths = path_lengths(network(decoder), z)
    w = decoder.mapping(z)[:, None].repeat(1, decoder.styles, 1).detach()
    for one, y, length in zip(w, tape.draws[0], lengths, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda w: decoder.synthesis(w[None])[0].flatten(), one)
        squares = torch.einsum("pls,p->ls", jacobian, y / 8).square().sum(1)  # y over the root of 8x8 places
        torch.testing.assert_close(length, squares.mean().sqrt())


def test_the_penalty_is_rare_and_its_target_follows():
    torch.manual_seed(0)
    generator, z = network(MLP(width=8).decoder(Z, (2,))), codes()
    penalty = PathLength(2.0, every=3)
    buffers = {**penalty.buffers()}
    for step in (1, 2):
        assert torch.equal(penalty(generator, step, z, buffers), torch.zeros(B))
        assert buffers[MEAN] == 0
    with noise.seeded(0):
        lengths = path_lengths(generator, z)
    with noise.seeded(0):
        values = penalty(generator, 3, z, buffers)
    torch.testing.assert_close(buffers[MEAN], 0.01 * lengths.mean().detach())
    torch.testing.assert_close(values, 2.0 * 3 * (lengths - buffers[MEAN]).square())
    values.mean().backward()
    assert next(generator.module.parameters()).grad.abs().sum() > 0
    assert PathLength(0.0).buffers() == {}
    assert torch.equal(PathLength(0.0)(generator, 0, z, {}), torch.zeros(B))


def test_a_longer_jacobian_is_shortened():
    """Plain descent on the penalty brings all lengths to the running mean."""
    torch.manual_seed(0)
    generator, z, buffers = network(MLP(width=8).decoder(Z, (2,))), codes(), {MEAN: torch.tensor(0.5)}
    optimizer = torch.optim.Adam(generator.module.parameters(), 1e-2)
    penalty, seen = PathLength(1.0, every=1, decay=0.0), []
    for step in range(200):
        value = penalty(generator, step, z, buffers).mean()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        seen.append(value.item())
    assert sum(seen[-20:]) < 0.5 * sum(seen[:20])
