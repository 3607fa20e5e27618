from __future__ import annotations

import pytest
import torch
from torch.nn.functional import softplus

from chimerae.errors import InputError
from chimerae.methods import GAN, Clock
from chimerae.networks import DCGAN, MLP, Style
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import observe, standing


def case(**options) -> Case:
    return Case(GAN(z_dim=3, **options), MLP(width=8), (2,))


@through(
    "adv_loss, formula",
    [
        ("non_saturating", lambda c: softplus(-c)),
        ("saturating", lambda c: -softplus(c)),
        ("linear", lambda c: -c),
    ],
)
def test_losses_by_hand(adv_loss, formula):
    state, tape, x = case(adv_loss=adv_loss).state(), Tape(), case().batch()
    with tape.recording(0):
        (losses,) = standing(state, x)
    c_real, c_fake = state.nets.critic(x), state.nets.critic(state.nets.generator(tape.draws[0]))
    torch.testing.assert_close(losses["critic"], (softplus(-c_real) + softplus(c_fake)).mean())
    torch.testing.assert_close(losses["generator"], formula(c_fake).mean())


@through(
    "update, turns",
    [
        ("simultaneous", [[{"generator", "critic"}]] * 4),
        ("alternating", [[{"critic"}, {"generator"}]] * 4),
        ("alternating_minibatch", [[{"generator"}], [{"critic"}]] * 2),
    ],
)
def test_order_of_updates(update, turns):
    state = case(update=update).state()
    seen = [[set(turn.losses) for turn in observe(state, case().batch(step), step)] for step in range(4)]
    assert seen == turns


@through("update, moved", [("simultaneous", False), ("alternating", True)])
def test_whether_the_generator_meets_the_critic_before_or_after_its_step(update, moved):
    chosen = case(update=update)
    state, before, tape, x = chosen.state(), chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        turns = observe(state, x)
    critic = (state if moved else before).nets.critic  # the critic moves in the first turn only
    expected = softplus(-critic(before.nets.generator(tape.draws[0]))).mean()
    torch.testing.assert_close(turns[-1].losses["generator"], expected.detach())


@through("update", ["simultaneous", "alternating", "alternating_minibatch"])
def test_watches_the_critic_whenever_it_plays(update):
    state = case(update=update).state()
    for step in range(2):
        clock = Clock(step, 10, {})
        played = {
            player
            for turn in case(update=update).method.turns(state.nets, case().batch(), clock)
            for player in turn
        }
        assert (set(clock.logged) == {"c_real", "c_fake"}) == ("critic" in played)


def test_styles_are_mixed_in_the_asked_share_of_samples():
    state = Case(GAN(z_dim=3, mixing=0.5), Style(width=2), (1, 16, 16)).state()
    generator, tape, x = state.nets.modules["generator"], Tape(), torch.rand(400, 1, 16, 16)
    seen = []
    generator.register_forward_pre_hook(lambda _, given: seen.append(given))
    with tape.recording(0), torch.no_grad():
        next(state.method.turns(state.nets, x, Clock(1, 100)))
    z, other, first = seen[0]
    assert not torch.equal(z, other)
    plain = first == generator.styles
    assert 0.4 < plain.float().mean() < 0.6
    assert first[~plain].unique().tolist() == list(range(1, generator.styles))


def test_networks_without_styles_cannot_mix_them():
    with pytest.raises(InputError, match="dcgan has no styles to mix; use --arch style"):
        GAN(mixing=0.9).networks((1, 8, 8), DCGAN(width=2))


def test_the_path_length_penalty_belongs_to_the_generators_loss():
    chosen = Case(GAN(z_dim=3, path_length=2.0, path_length_every=2), Style(width=2), (1, 16, 16))
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    losses = []
    for method in (chosen.method, GAN(z_dim=3)):
        with tape.recording(0):
            losses.append(dict(next(method.turns(state.nets, x, Clock(2, 100)))))
    assert losses[0]["critic"] == losses[1]["critic"]
    assert losses[0]["generator"] > losses[1]["generator"]
    assert state.nets.buffers["path_length"] > 0
