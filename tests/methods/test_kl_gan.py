"""KL-GAN against a plain trainer with two optimisers, and its parts against closed forms."""

from __future__ import annotations

from copy import deepcopy
from math import log

import pytest
import torch
from torch import Tensor, nn

from chimerae.features import layers, perceptual
from chimerae.methods import KLGAN, Clock
from chimerae.networks import DCGAN, MLP, Spatial
from chimerae.shapes import numel
from chimerae.training.players import take_turn
from chimerae.training.settings import Optimizer
from chimerae.training.state import State
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import TOTAL, observe, standing

SHAPE = (3, 8, 8)
N = numel(SHAPE)
ARCH = Spatial(width=4, factor=4, code_channels=2, patch_width=3)
LR = 1e-2


def stand_in() -> layers.Layers:
    """A perceptual network with random weights."""
    g = torch.Generator().manual_seed(5)
    stages = []
    for inputs, outputs in ((3, 4), (4, 5)):
        conv = nn.Conv2d(inputs, outputs, 3, 1, 1)
        for p in conv.parameters():
            p.data = 0.3 * torch.randn(p.shape, generator=g)
        stages.append(nn.Sequential(conv, nn.Tanh()))
    return layers.Layers(stages, [torch.rand(n, generator=g) for n in (4, 5)], [0.1, 0.0, -0.1], [0.5] * 3)


@pytest.fixture(autouse=True)
def _perceptual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(perceptual.PERCEPTUAL, "efficientnet", stand_in)


def case(**options: object) -> Case:
    return Case(KLGAN(**{"critic_start": 0.0, **options}), ARCH, SHAPE)


def loud(state: State) -> State:
    """`state` with a critic some of whose logits are beyond 1: inside, the hinge has no bend."""
    state.nets.modules["critic"].last.weight.data *= 100
    return state


def distance(f: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return (f(x) - f(y)).square().sum(1)


class Plain:
    """Two optimisers and detached inputs, as one would write it without an engine."""

    def __init__(self, case: Case) -> None:
        state, self.method = loud(case.state()), case.method
        self.nets = {name: deepcopy(module) for name, module in state.nets.modules.items()}
        own = [n for n in ("encoder", "decoder", "scale") if n in self.nets]
        self.of_autoencoder = [p for n in own for p in self.nets[n].parameters()]
        self.of_critic = [*self.nets["critic"].parameters()]
        adam = {"lr": LR, "betas": (0.5, 0.999), "eps": 1e-8}
        self.optimisers = [torch.optim.Adam(p, **adam) for p in (self.of_autoencoder, self.of_critic)]

    def log_scale(self, per_value: Tensor) -> Tensor:
        """For l1 and l2 alike, the scale of a batch is its mean error."""
        if self.method.scale == "learned":
            return self.nets["scale"].value
        return per_value.detach().mean().log() if self.method.scale == "estimated" else torch.tensor(0.25)

    def losses(self, x: Tensor, eps: Tensor, strength: float) -> tuple[Tensor, Tensor]:
        m, nets = self.method, self.nets
        q = nets["encoder"](x)
        x_r = nets["decoder"](q.mu + (0.5 * q.logvar).exp() * eps)
        d = x - x_r
        per_value = d.abs() if m.pixel == "l1" else d.pow(2)
        if m.perceptual_weight:
            seen = distance(nets["perceptual"], x, x_r)
            per_value = per_value + m.perceptual_weight * seen[:, None, None, None]
        s = self.log_scale(per_value)
        half = 1.0 if m.pixel == "l1" else 0.5
        nll = half * (per_value / s.exp() + s).sum() / len(x)
        kl = 0.5 * (q.mu.pow(2) + q.logvar.exp() - 1 - q.logvar).sum() / len(x)
        game = -nets["critic"](x_r).mean()
        last = nets["decoder"].last.weight
        slopes = [torch.autograd.grad(loss, last, retain_graph=True)[0].norm() for loss in (nll, game)]
        ratio = (slopes[0] / (slopes[1] + 1e-4)).clamp(0, 1e4).detach() if m.adaptive else 1.0
        autoencoder = nll + m.beta * kl + strength * m.game_weight * ratio * game
        real, fake = nets["critic"](x), nets["critic"](x_r.detach())
        return autoencoder, (torch.relu(1 - real).mean() + torch.relu(1 + fake).mean()) / 2

    def gradients(self, x: Tensor, eps: Tensor, strength: float = 1.0) -> list[list[Tensor]]:
        losses = self.losses(x, eps, strength)
        players = (self.of_autoencoder, self.of_critic)
        return [
            list(torch.autograd.grad(a, p, retain_graph=True)) for a, p in zip(losses, players, strict=True)
        ]

    def step(self, x: Tensor, eps: Tensor) -> None:
        found = self.gradients(x, eps)
        for gradients, optimiser in zip(found, self.optimisers, strict=True):
            for p, gradient in zip(optimiser.param_groups[0]["params"], gradients, strict=True):
                p.grad = gradient
            optimiser.step()


OPTIONS = [
    {},
    {"pixel": "l2", "scale": "estimated", "beta": 0.3},
    {"scale": "estimated", "perceptual_weight": 0.0},
    {"scale": "fixed", "log_scale": 0.25, "perceptual_weight": 3.0, "beta": 1.0},
    {"adaptive": False, "game_weight": 40.0},
    {"critic_start": 0.2, "critic_ramp": 0.4, "pixel": "l2"},
]


@through("options", OPTIONS)
def test_gradients_and_steps_are_those_of_two_plain_optimisers(options):
    chosen = case(**options)
    plain, tape = Plain(chosen), Tape()
    state = loud(chosen.state(optimizer=Optimizer(lr=LR, beta1=0.5)))
    at = 40 if "critic_start" in options else 0
    strength = 0.5 if at else 1.0  # half of the ramp from .2 to .6 has gone by at .4
    x = chosen.batch()
    with tape.recording(0):
        (turn,) = observe(state, x, at)
    expected = plain.gradients(x, tape.draws[0], strength)
    names = [
        f"{n}.{k}"
        for n in ("encoder", "decoder", "scale")
        if n in plain.nets
        for k, _ in plain.nets[n].named_parameters()
    ]
    both = [
        *zip(names, expected[0], strict=True),
        *zip((f"critic.{k}" for k, _ in plain.nets["critic"].named_parameters()), expected[1], strict=True),
    ]
    assert {name for name, _ in both} == set(turn.filled)
    for name, gradient in both:
        torch.testing.assert_close(turn.filled[name], gradient, rtol=1e-8, atol=1e-10, msg=name)
        assert gradient.any(), name


@through("options", OPTIONS[:5])
def test_three_steps_later_all_weights_agree(options):
    """Both players step from one forward pass; the critic's BatchNorm sees data and reconstructions apart."""
    chosen = case(**options)
    plain = Plain(chosen)
    state = loud(chosen.state(optimizer=Optimizer(lr=LR, beta1=0.5)))
    for step in range(3):
        x, tape = chosen.batch(step), Tape()
        with tape.recording(step):
            observe(state, x, step)
        plain.step(x, tape.draws[0])
    for name, module in plain.nets.items():
        for (key, ours), theirs in zip(
            state.nets.modules[name].named_parameters(), module.parameters(), strict=True
        ):
            torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-7, msg=f"{name}.{key}")


def test_the_perceptual_error_moves_the_decoder_as_finite_differences_say():
    """Published scripts compute LPIPS without a gradient: the loss then has the value, and moves nothing."""
    with_it, without = (case(scale="fixed", beta=0.0, game_weight=0.0, perceptual_weight=w) for w in (2.0, 0))
    gradients, tape = [], Tape()
    for chosen in (with_it, without):
        with tape.recording(0):
            (turn,) = observe(chosen.state(), chosen.batch())
        gradients.append(turn.filled)
    state, x = with_it.state(), with_it.batch()
    nets, eps = state.nets.modules, tape.draws[0]
    for network, key in (("decoder", "last.bias"), ("decoder", "first.bias"), ("encoder", "head.conv.bias")):
        weight = nets[network].get_parameter(key)

        def value(shift: float, weight: Tensor = weight) -> float:
            with torch.no_grad():
                weight[0] += shift
                q = nets["encoder"](x)
                x_r = nets["decoder"](q.mu + q.sigma * eps)
                found = 2.0 * N * distance(nets["perceptual"], x, x_r).mean()
                weight[0] -= shift
            return found.item()

        slope = (value(1e-5) - value(-1e-5)) / 2e-5
        ours = (gradients[0][f"{network}.{key}"] - gradients[1][f"{network}.{key}"])[0].item()
        assert abs(slope) > 1e-3
        assert ours == pytest.approx(slope, rel=1e-5)
    assert not any(name.startswith("perceptual") for name in gradients[0])
    assert all(p.grad is None for p in nets["perceptual"].parameters())


def starts(**options: object) -> list[float | None]:
    """Strength of the game at each hundredth of a run of 100 steps; None: the critic does not play."""
    chosen = case(**options)
    state, x = chosen.state(), chosen.batch()
    found: list[float | None] = []
    for step in range(TOTAL):
        if not chosen.method.begun(Clock(step, TOTAL)):
            found.append(None)
        else:
            found.append(chosen.method.strength(Clock(step, TOTAL)))
    for step in (0, 29, 30, 99):
        (losses,) = standing(state, x, step)
        assert ("critic" in losses) == (found[step] is not None)
    return found


def test_critic_and_game_begin_at_their_share_or_step_whichever_is_later():
    assert starts(critic_start=0.3) == [None] * 30 + [1.0] * 70
    assert starts(critic_start=0.3, critic_start_step=10) == [None] * 30 + [1.0] * 70
    assert starts(critic_start=0.1, critic_start_step=30) == [None] * 30 + [1.0] * 70
    assert starts() == [1.0] * 100
    later = Clock(30, 1000, share=0.9)  # the run was cut short: its share counts, and so does its step
    assert case(critic_start=0.8, critic_start_step=30).method.begun(later)
    assert not case(critic_start=0.8, critic_start_step=31).method.begun(later)


@through("options", [{"critic_start": 0.3}, {"critic_start_step": 30}])
def test_the_weight_of_the_game_rises_evenly_from_its_beginning(options):
    ramp = starts(**options, critic_ramp=0.5)
    assert ramp[:30] == [None] * 30
    assert ramp[30:80] == pytest.approx([i / 50 for i in range(50)])
    assert ramp[80:] == [1.0] * 20


def test_before_its_beginning_the_critic_stands_still_and_is_not_asked():
    chosen = case(critic_start=0.5)
    state = chosen.state()
    before = {k: v.clone() for k, v in state.nets.modules["critic"].state_dict().items()}
    (turn,) = observe(state, chosen.batch(), 49)
    assert set(turn.losses) == {"autoencoder"}
    after = state.nets.modules["critic"].state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before), "not even its running statistics move"
    (turn,) = observe(state, chosen.batch(), 50)
    assert set(turn.losses) == {"autoencoder", "critic"}


def test_the_adaptive_weight_makes_the_game_pull_as_hard_as_the_error_at_the_last_layer():
    pulls = []
    for options in ({"game_weight": 0.0, "beta": 0.0}, {"game_weight": 1.0, "beta": 0.0}):
        own, tape = case(**options), Tape()
        with tape.recording(0):
            (turn,) = observe(own.state(), own.batch())
        pulls.append(turn.filled["decoder.last.weight"])
    assert (pulls[1] - pulls[0]).norm().item() == pytest.approx(pulls[0].norm().item(), rel=5e-3)


def test_a_learned_scale_settles_at_the_mean_error():
    chosen = case(perceptual_weight=0.0, game_weight=0.0)
    state, x, tape = chosen.state(), chosen.batch(), Tape()
    scale = state.nets.modules["scale"]
    optimiser = torch.optim.LBFGS(scale.parameters(), max_iter=100)

    def closure() -> Tensor:
        optimiser.zero_grad()
        with tape.recording(0):
            (losses,) = standing(state, x)
        losses["autoencoder"].backward()
        return losses["autoencoder"]

    optimiser.step(closure)
    with torch.no_grad():
        q = state.nets.encoder(x)
        error = (x - state.nets.decoder(q.mu + q.sigma * tape.draws[0])).abs().mean()
    assert scale.value.item() == pytest.approx(log(error.item()), abs=1e-5)


def test_the_codes_follow_the_networks_where_no_size_is_given():
    method = KLGAN()
    assert method.fitted((3, 64, 64), Spatial()).z_dim == 4 * 8 * 8
    assert method.fitted((3, 32, 64), Spatial(factor=4, code_channels=3)).z_dim == 3 * 8 * 16
    assert method.fitted((2,), MLP()).z_dim == 64
    assert KLGAN(z_dim=7).fitted((3, 64, 64), Spatial()).z_dim == 7
    state = case().state()
    assert state.method.z_dim == 2 * 2 * 2
    q = state.nets.encoder(case().batch())
    assert q.mu.shape == q.logvar.shape == (6, 8)
    assert state.method.encode(state.nets, case().batch()).mu.shape == (6, state.method.z_dim)


def test_players_and_networks_follow_the_settings():
    assert case().method.players["autoencoder"] == ("encoder", "decoder", "scale")
    assert case(scale="fixed").method.players["autoencoder"] == ("encoder", "decoder")
    assert case().method.frozen == ("perceptual",)
    assert case(perceptual_weight=0.0).method.frozen == ()
    assert "perceptual" not in case(perceptual_weight=0.0).state().nets.modules
    state = case().state()
    assert not any("perceptual" in name for name in state.tensors())
    assert set(state.final_modules()) == {"encoder", "decoder"}
    assert not case().method.generates


def test_one_step_lowers_what_each_player_minimises():
    for arch in (ARCH, DCGAN(width=4)):
        chosen = Case(KLGAN(critic_start=0.0, z_dim=6, adaptive=False), arch, SHAPE)
        state, x, tape = chosen.state(optimizer=Optimizer(lr=1e-5)), chosen.batch(), Tape()
        with tape.recording(0):
            before = standing(state, x)[0]
        for player in ("critic", "autoencoder"):
            with tape.playing():
                losses = standing(state, x)[0]
            take_turn([iter([{player: losses[player]}])], state.players, 0.0)
            with tape.playing():
                assert standing(state, x)[0][player] < before[player]
            with tape.playing():
                before = standing(state, x)[0]


def test_a_learned_scale_begins_where_it_is_told():
    assert case(log_scale=-2.0).state().nets.modules["scale"].value.item() == -2.0


def test_in_its_warm_up_the_critic_learns_alone_by_the_hinge_of_both_sides():
    given = case(critic_warmup=2, perceptual_weight=0.0)
    state = loud(given.state())
    x = given.samples(6) if hasattr(given, "samples") else torch.rand(6, *SHAPE) * 2 - 1
    with torch.random.fork_rng():
        torch.manual_seed(0)
        losses = given.method.play(state.nets, x, Clock(1, TOTAL))
    assert list(losses) == ["critic"]
    nets = state.nets.modules
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        x_r = nets["decoder"](nets["encoder"](x).sample())
        real, fake = nets["critic"](x), nets["critic"](x_r)
    by_hand = ((1 - real).clamp(min=0).mean() + (1 + fake).clamp(min=0).mean()) / 2
    torch.testing.assert_close(losses["critic"], by_hand)
    assert set(given.method.play(state.nets, x, Clock(2, TOTAL))) == {"autoencoder", "critic"}


def test_a_frozen_encoder_has_no_player_and_no_gradient():
    given = case(train="decoder", perceptual_weight=0.0)
    assert given.method.players["autoencoder"] == ("decoder", "scale")
    assert given.method.encodes
    state = given.state()
    assert "encoder" in state.nets.frozen
    assert not any(p.requires_grad for p in state.nets.modules["encoder"].parameters())
    assert any(name.startswith("nets/encoder/") for name in state.tensors())
