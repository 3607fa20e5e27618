"""An architecture from outside the package: five methods, and every method of the package plays on it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import chimerae
from chimerae.errors import InputError
from chimerae.methods import METHODS, Clock
from chimerae.nets import Architecture
from chimerae.training.players import play_batch
from tests.helpers.cases import GREY, POINTS, Case, small
from tests.helpers.rows import through
from tests.outside.shallow import Shallow

FIVE = {"check", "nearest", "trunk", "decoder", "pair_critic"}


def weights(network: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in network.parameters()]).clone()


def test_it_defines_five_methods_and_no_more():
    assert Architecture.__abstractmethods__ == FIVE
    public = {name for name in vars(Architecture) if not name.startswith("_")}
    assert public & vars(Shallow).keys() == FIVE


@through("name", [method.name for method in METHODS])
def test_every_method_plays_a_batch_on_it(name):
    case = Case(small(name), Shallow(), GREY)
    state = case.state()
    before = {net: weights(module) for net, module in state.nets.items()}
    losses = play_batch(case.method, state.nets, state.players, [case.batch()], Clock(0, 1))
    assert all(loss.isfinite() for loss in losses.values())
    for player in losses:
        for net in case.method.players[player]:
            after = weights(state.nets.modules[net])
            assert after.isfinite().all()
            assert not torch.equal(after, before[net]), f"{net} of {player} stands still"


def test_critics_without_normalisation_treat_samples_one_by_one():
    x, z = torch.rand(3, *GREY), torch.randn(3, 4)
    critic, pairs = Shallow().critic(GREY, norm=False), Shallow().pair_critic(GREY, 4, norm=False)
    torch.testing.assert_close(critic(x), torch.cat([critic(one) for one in x.split(1)]))
    alone = [pairs(*one) for one in zip(x.split(1), z.split(1), strict=True)]
    torch.testing.assert_close(pairs(x, z), torch.cat(alone))


def test_features_of_a_critic_are_the_maps_before_they_are_flattened():
    logit, features = Shallow(width=3).feature_critic(GREY)(torch.rand(2, *GREY))
    assert logit.shape == (2,)
    assert features.shape == (2, 3, 4, 4)


def test_counting_features_draws_nothing():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    assert Shallow(width=3).features(GREY) == 48
    assert torch.equal(torch.rand(1), expected)


def test_a_trunk_that_is_not_flat_is_refused_in_one_line():
    class Unfinished(Shallow):
        def trunk(self, shape, *, norm=True):
            return super().trunk(shape, norm=norm)[:1]

    with pytest.raises(InputError, match=r"shallow gives \[4, 4, 4\] a sample.*nn.Flatten"):
        Unfinished().encoder(GREY, 2)


def test_it_is_trained_and_loaded(tmp_path: Path):
    given = {"data": "digits", "arch": Shallow(), "steps": 1, "quiet": True}
    run = chimerae.train("vae", out=tmp_path / "run", **given)
    model = chimerae.load(run, device="cpu")
    assert model.reconstruct(model.sample(3)).shape == (3, *GREY)
    with pytest.raises(InputError, match="shallow needs images"):
        Shallow().encoder(POINTS, 2)
