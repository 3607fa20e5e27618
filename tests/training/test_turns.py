"""The trainer's whole knowledge of methods: every gradient first, each for its own player, then steps."""

from __future__ import annotations

import weakref

import pytest
import torch
from torch import nn

from chimerae.errors import InputError
from chimerae.methods import AVAE, GAN, VAE, VAEGAN, Clock, Method
from chimerae.nets import Nets
from chimerae.networks import DCGAN, MLP
from chimerae.training.players import NotFinite, build_players, check_finite, play_batch, take_turn
from chimerae.training.settings import Changes, Optimizer, Training
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import parameters


def two_players(**settings) -> tuple[dict, nn.Parameter, nn.Parameter]:
    """Players 'generator' (moves a) and 'critic' (moves b), each with one number."""
    a, b = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    for module in (a, b):
        module.weight.data.fill_(1.0)
    nets = Nets({"generator": a, "critic": b})
    players = build_players(GAN(), nets, Training(optimizer=Optimizer(**{"lr": 0.1} | settings)))
    return players, a.weight, b.weight


def test_gradients_are_taken_before_anybody_moves():
    players, a, b = two_players()
    loss = (a * b).sum()
    take_turn([iter([{"generator": loss, "critic": -loss}])], players, 0.0)
    assert a.grad.item() == 1.0
    assert b.grad.item() == -1.0
    assert a.item() == pytest.approx(0.9)
    assert b.item() == pytest.approx(1.1)


def test_a_loss_moves_its_own_player_only_and_its_gradient_is_cleared_first():
    players, a, b = two_players()
    b.grad = torch.full((1, 1), 7.0)
    for expected in (3.0, 3.0):
        take_turn([iter([{"generator": 3 * a.sum() * b.detach().sum()}])], players, 0.0)
        assert a.grad.item() == expected
    assert b.item() == 1.0
    assert b.grad.item() == 7.0


def test_play_goes_on_with_the_moved_networks():
    players, a, b = two_players()
    seen = []

    def play():
        yield {"critic": b.sum()}
        seen.append(b.item())
        yield {"generator": (a * b).sum()}

    plays = [play()]
    assert set(take_turn(plays, players, 0.0)) == {"critic"}
    assert set(take_turn(plays, players, 0.0)) == {"generator"}
    assert take_turn(plays, players, 0.0) == {}
    assert seen == [pytest.approx(0.9)]
    assert a.grad.item() == pytest.approx(0.9)


def test_parts_are_averaged():
    players, a, _ = two_players()
    turn = take_turn([iter([{"generator": k * a.sum()}]) for k in (1.0, 5.0)], players, 0.0)
    assert a.grad.item() == 3.0
    assert turn["generator"].item() == 3.0
    assert not turn["generator"].requires_grad


@through("method", [VAE(z_dim=3), GAN(z_dim=3), VAEGAN(z_dim=3), AVAE(z_dim=3)], ids=lambda m: m.name)
def test_equal_parts_have_the_gradients_of_the_whole(method):
    """Without BatchNorm, and with the noise of the whole dealt out to the parts."""
    gradients, case = [], Case(method, MLP(width=8), (2,))
    x, tape = case.batch(n=4), Tape()
    for n_parts in (1, 2):
        state = case.state()
        with tape.recording(0) if n_parts == 1 else tape.playing():
            play_batch(method, state.nets, state.players, x.chunk(n_parts), Clock(0, 10))
        gradients.append({key: p.grad.clone() for key, p in parameters(state).items()})
        tape.draws = [half for i in range(2) for half in (draw.chunk(2)[i] for draw in tape.draws)]
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-6)


def test_graphs_are_gone_before_the_next_part_and_before_the_step():
    """What accumulation is for: a play of one turn returns its losses and keeps nothing."""
    players, a, _ = two_players()
    graphs: list[weakref.ref] = []

    class OneTurn(Method):
        name, exported, players = "one-turn", (), {}

        def networks(self, shape, arch):
            return {}

        def play(self, nets, x, clock):
            assert all(graph() is None for graph in graphs), "an earlier part is still held"
            hidden = a.exp()
            graphs.append(weakref.ref(hidden))
            return {"generator": hidden.sum()}

    held = []
    players["generator"].optimizer.step = lambda: held.extend(graph() for graph in graphs)
    play_batch(OneTurn(), Nets({}), players, [torch.zeros(1)] * 3, Clock(0, 1))
    assert held == [None, None, None]


def test_adam_moves_convolutions_as_its_formula_says():
    """Weights lie channels_last; gradients and moments must lie alike: a fused optimiser does not look."""
    state = Case(AVAE(z_dim=3), DCGAN(width=2), (3, 16, 16)).state(optimizer=Optimizer(lr=0.01))
    own = parameters(state)
    moments = {key: (torch.zeros_like(p), torch.zeros_like(p)) for key, p in own.items()}
    x = Case(AVAE(z_dim=3), DCGAN(width=2), (3, 16, 16)).batch()
    for step in range(2):
        before = {key: p.detach().clone() for key, p in own.items()}
        torch.manual_seed(step)
        play_batch(state.method, state.nets, state.players, [x], Clock(step, 10))
        for key, p in own.items():
            m, v = moments[key]
            m.lerp_(p.grad, 0.5)
            v.lerp_(p.grad.square(), 0.001)
            n = step + 1
            expected = before[key] - 0.01 * (m / (1 - 0.5**n)) / ((v / (1 - 0.999**n)).sqrt() + 1e-8)
            torch.testing.assert_close(
                p.detach(), expected, rtol=1e-4, atol=1e-6, msg=lambda s, key=key: f"{key}: {s}"
            )


@through("clip, gradient", [(0.0, 50.0), (2.0, 2.0), (100.0, 50.0)])
def test_clipping_is_per_player(clip, gradient):
    players, a, b = two_players(clip=clip)
    take_turn([iter([{"generator": 50 * a.sum(), "critic": b.sum()}])], players, 0.0)
    assert a.grad.item() == pytest.approx(gradient)
    assert b.grad.item() == 1.0


def test_learning_rates_follow_each_players_schedule():
    a = nn.Linear(1, 1)
    training = Training(
        optimizer=Optimizer(lr=1.0, schedule="linear", final=0.0),
        players={"critic": Changes(lr=0.5, schedule="constant")},
    )
    players = build_players(GAN(), Nets({"generator": a, "critic": nn.Linear(1, 1)}), training)
    for player in players.values():
        for p in player.params:
            p.grad = torch.ones_like(p)
        player.step(0.25)
    assert players["generator"].optimizer.param_groups[0]["lr"] == 0.75
    assert players["critic"].optimizer.param_groups[0]["lr"] == 0.5


@through("kind", ["adam", "rmsprop"])
def test_a_shared_sigma_moves_at_its_own_pace(kind):
    training = Training(optimizer=Optimizer(kind=kind, lr=0.01, beta2=0.0, sigma_lr_scale=20.0))
    method, arch = VAE(z_dim=2, sigma="shared"), MLP(width=4)
    nets = Nets(method.networks((2,), arch))
    player = build_players(method, nets, training)["vae"]
    before = {name: p.detach().clone() for name, p in nets.modules["encoder"].named_parameters()}
    for p in player.params:
        p.grad = torch.ones_like(p)
    player.step(0.5)
    for name, p in nets.modules["encoder"].named_parameters():
        moved = 0.2 if name.endswith("log_sigma") else 0.01
        torch.testing.assert_close(before[name] - p.detach(), torch.full_like(p, moved))


@pytest.mark.usefixtures("double")
@through("kind", ["adam", "rmsprop"])
def test_an_optimiser_has_the_decays_of_its_settings(kind):
    """By the formulas of Kingma and Ba 2015, algorithm 1, and of Hinton's lecture, for two steps."""
    settings = Optimizer(kind=kind, lr=0.01, beta1=0.3, beta2=0.6, eps=1e-8)
    nets = Nets({"generator": nn.Linear(1, 1), "critic": nn.Linear(1, 1)})
    player = build_players(GAN(), nets, Training(optimizer=settings))["critic"]
    p, m, v = player.params[0], 0.0, 0.0
    expected = p.item()
    for t, slope in enumerate((2.0, -0.5), 1):
        for each in player.params:
            each.grad = torch.full_like(each, slope)
        player.step(0.0)
        m, v = 0.3 * m + 0.7 * slope, 0.6 * v + 0.4 * slope**2
        step = (m / (1 - 0.3**t), (v / (1 - 0.6**t)) ** 0.5) if kind == "adam" else (slope, v**0.5)
        expected -= 0.01 * step[0] / (step[1] + 1e-8)
        assert p.item() == pytest.approx(expected, rel=1e-12)


def test_the_pace_of_a_sigma_that_nobody_has_is_refused():
    with pytest.raises(InputError, match="no network here has a log_sigma"):
        build_players(
            GAN(),
            Nets({"generator": nn.Linear(1, 1), "critic": nn.Linear(1, 1)}),
            Training(optimizer=Optimizer(sigma_lr_scale=2.0)),
        )


def test_an_unknown_player_is_refused():
    with pytest.raises(InputError, match="no player 'critc'; there are: generator, critic"):
        build_players(GAN(), Nets({}), Training(players={"critc": Changes()}))


@through("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_is_named(value):
    with pytest.raises(NotFinite, match=r"'critic' became \w+ at step 12"):
        check_finite({"generator": torch.tensor(1.0), "critic": torch.tensor(value)}, 12)
    check_finite({"generator": torch.tensor(1.0)}, 12)


def test_a_player_of_two_turns_has_two_losses():
    """The second would hide the first, in the log and where a loss that is not finite is looked for."""
    players, a, b = two_players()

    class Twice(Method):
        name, exported, players = "twice", (), {}

        def networks(self, shape, arch):
            return {}

        def play(self, nets, x, clock):
            yield {"critic": 3 * b.sum(), "generator": 5 * a.sum()}
            yield {"critic": 7 * b.detach().sum() + b.sum() * 0}

    losses = play_batch(Twice(), Nets({}), players, [torch.zeros(1)] * 2, Clock(0, 1))
    assert {name: round(loss.item(), 3) for name, loss in losses.items()} == {
        "critic": 3.0,
        "generator": 5.0,
        "critic, turn 2": 6.3,
    }
