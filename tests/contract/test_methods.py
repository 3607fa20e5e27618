"""One battery over every method x architecture: who plays, who moves, what is reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import product

import pytest
import torch
from torch.nn.modules.batchnorm import _BatchNorm

from chimerae import noise
from chimerae.methods import BY_NAME, KLGAN, METHODS, Biadversarial, Clock
from chimerae.networks import BY_NAME as ARCHITECTURES_BY_NAME
from chimerae.training.state import State
from tests.helpers.cases import CASES, ON_IMAGES, PLAIN, SWITCHED, SWITCHES, Case, by_method, small
from tests.helpers.rows import grouped, unrolled
from tests.helpers.tape import Tape
from tests.helpers.turns import TOTAL, Turn, observe, owned, parameters

STEPS = 4
TARGETED = [case for case in ON_IMAGES if case.method.targets]

UNREACHED = {
    # the critic's loss is a difference of means and a penalty on slopes: a constant drops out of both
    "wgan-gp": ("critic.*.linear.bias",),
}
"""Parameters that no loss depends on."""

SHARED = {
    # reconstruction and game are phases of their own, each with its optimiser, as in the paper
    "aae": ("encoder",),
}
"""Networks that two players move, in different turns."""


TRACKED = {
    "vae": {"encoder": 1, "decoder": 1},
    "gan": {"generator": 1, "critic": 2},
    "wgan-gp": {"generator": 1, "critic": 0},
    "vae-gan": {"encoder": 1, "decoder": 2, "critic": 3},
    "bigan": {"encoder": 1, "generator": 1, "critic": 2},
    "avae": {"encoder": 1, "decoder": 1, "generator": 1, "critic": 2},
    "introvae": {"encoder": 1, "decoder": 1},
    "soft-introvae": {"encoder": 1, "decoder": 1},
    "as-introvae": {"encoder": 1, "decoder": 1},
    "biadversarial": {"encoder": 1, "decoder": 2, "inference_critic": 0, "generative_critic": 0},
    "wae-mmd": {"encoder": 1, "decoder": 1},
    "wae-gan": {"encoder": 1, "decoder": 1, "critic": 0},
    "aae": {"encoder": 1, "decoder": 1, "critic": 0},
    "alice": {"encoder": 1, "generator": 2, "critic": 2},
    "id-gan": {"encoder": 1, "decoder": 1, "generator": 0, "critic": 0},
    "ian": {"critic": 1, "encoder": 0, "decoder": 2},
    "kl-gan": {"encoder": 1, "decoder": 1, "scale": 0, "critic": 2},
    "avae-frozen": {"decoder": 1, "generator": 1, "critic": 2, "encoder": 0},
}
"""Passes of the first batch that BatchNorm's running statistics record. An encoder records data once and no
generated image; networks without BatchNorm, or whose turn has not come, record nothing.
"""


@dataclass(frozen=True)
class Played:
    """A case, and what happened in its first steps."""

    case: Case
    state: State
    before: dict[str, torch.Tensor]
    """All of the state before the first step."""
    after: dict[str, torch.Tensor]
    """All of it after the first step."""
    steps: list[list[Turn]]

    def __str__(self) -> str:
        return str(self.case)


@pytest.fixture(scope="module", params=by_method(ON_IMAGES).values(), ids=by_method(ON_IMAGES))
def played(request: pytest.FixtureRequest) -> list[Played]:
    """All cases of a method, played."""
    return [play(case) for case in request.param]


def play(case: Case) -> Played:
    state, before, first, after = first_step(case)
    more = [observe(state, case.batch(step), step) for step in range(1, STEPS)]
    return Played(case, state, before, after, [first, *more])


def first_step(case: Case) -> tuple[State, dict[str, torch.Tensor], list[Turn], dict[str, torch.Tensor]]:
    """A new state, all of it, the turns of its first step, and all of it then."""
    state = begun(case, 0)
    before = contents(state)
    torch.manual_seed(0)
    first = observe(state, case.batch())
    return state, before, first, contents(state)


def begun(case: Case, seed: int) -> State:
    state = case.state(seed)
    torch.manual_seed(seed)
    if case.arch.name == "wae" and isinstance(case.method, Biadversarial):
        with torch.no_grad():
            for p in parameters(state).values():
                p.add_(0.05 * torch.randn_like(p))  # its game stands still where all logits are 0
    if isinstance(case.method, KLGAN):
        with torch.no_grad():
            weights = [p for p in state.nets.modules["critic"].parameters() if p.dim() > 1]
            weights[-1].mul_(100.0)  # a hinge is a mere difference of means while all logits are within 1
    return state


def contents(state: State) -> dict[str, torch.Tensor]:
    return {key: tensor.clone() for key, tensor in state.tensors().items()}


def test_every_method_has_a_name_of_its_own():
    assert list(BY_NAME) == [method.name for method in METHODS]
    assert set(SWITCHES) <= set(BY_NAME)


def test_a_switch_is_no_default_and_has_its_cases():
    for name, switches in SWITCHES.items():
        found = [case for case in CASES if case.method.name == name and case.note]
        assert len(found) == len({*found}) == len(SWITCHED) * len(switches)
        assert all(case.method != small(name) for case in found)


def test_every_method_is_played_with_every_architecture():
    assert {(c.method.name, c.arch.name) for c in PLAIN} == set(product(BY_NAME, ARCHITECTURES_BY_NAME))


def followed(state: State) -> set[str]:
    """Parameters of networks that nobody plays."""
    still = {*state.method.targets, *state.method.frozen}
    return {key for key in parameters(state) if key.split(".")[0] in still}


@grouped("case", by_method(TARGETED))
def test_a_target_network_has_no_player_and_stands_still(case):
    state = case.state()
    players = {network for networks in case.method.players.values() for network in networks}
    assert not players & set(case.method.targets)
    assert {target.network for target in case.method.targets.values()} <= players
    assert set(state.nets.modules) == players | set(case.method.targets)
    assert not set(case.method.targets) & set(case.method.exported), "a target network is exported"
    before = {key: p.clone() for key, p in parameters(state).items() if key in followed(state)}
    observe(state, case.batch())
    assert all(torch.equal(before[key], parameters(state)[key]) for key in before)


@grouped("case", by_method(PLAIN))
def test_players_own_every_network_exactly_once(case):
    built = [*case.method.networks(case.shape, case.arch)]
    owned_networks = Counter(network for networks in case.method.players.values() for network in networks)
    assert set(owned_networks) == set(built)
    assert {network for network, n in owned_networks.items() if n > 1} == set(
        SHARED.get(case.method.name, ())
    )
    assert set(case.method.exported) <= {*built, *case.method.given_encoders}


@unrolled("played")
def test_yields_finite_scalars_of_all_players_and_of_nobody_else(played):
    case, steps = played.case, played.steps
    for turn in (turn for turns in steps for turn in turns):
        assert turn.losses
        for loss in turn.losses.values():
            assert loss.shape == ()
            assert loss.dtype == torch.float32
            assert loss.isfinite()
    assert {player for turns in steps for turn in turns for player in turn.losses} == set(case.method.players)


@unrolled("played")
def test_only_the_movers_move_and_only_their_gradients_are_filled(played):
    state, steps = played.state, played.steps
    for turn in (turn for turns in steps for turn in turns):
        movers = set().union(*(owned(state, player) for player in turn.losses))
        assert turn.moved <= movers
        assert set(turn.filled) <= movers
        for player in turn.losses:
            assert turn.moved & owned(state, player), f"{player} played and did not move"


@pytest.mark.usefixtures("double")
@grouped("case", by_method(ON_IMAGES))
def test_a_players_gradient_is_that_of_its_own_loss_alone(case):
    """Also when everybody moves in the same turn, and one loss passes through the networks of others."""
    state, fresh, tape, x = case.state(), case.state(), Tape(), case.batch()
    with tape.recording(0):
        turn = observe(state, x)[0]
    with tape.playing():
        losses = next(case.method.turns(fresh.nets, x, Clock(0, TOTAL)))
    for player, loss in losses.items():
        own = {key: p for key, p in parameters(fresh).items() if key in owned(fresh, player)}
        alone = torch.autograd.grad(loss, [*own.values()], retain_graph=True, allow_unused=True)
        expected = {key: gradient for key, gradient in zip(own, alone, strict=True) if gradient is not None}
        assert expected
        filled = {key: gradient for key, gradient in turn.filled.items() if key in own}
        torch.testing.assert_close(filled, expected, rtol=1e-9, atol=1e-10)


@unrolled("played")
def test_every_parameter_is_reached_by_some_loss(played):
    case, state, steps = played.case, played.state, played.steps
    reached = {
        key for turns in steps for turn in turns for key, gradient in turn.filled.items() if gradient.any()
    }
    missing = set(parameters(state)) - followed(state) - reached
    allowed = UNREACHED.get(case.method.name, ())
    assert all(any(fnmatch(key, pattern) for pattern in allowed) for key in missing), missing
    assert all(any(fnmatch(key, pattern) for key in missing) for pattern in allowed), "an exception is stale"


@unrolled("played")
def test_a_play_that_always_has_one_turn_returns_it(played):
    """Only then is its graph gone before the next part is played, and before anybody steps."""
    case, counts = played.case, {len(turns) for turns in played.steps}
    assert min(counts) >= 1
    several = isinstance(case.method.play(played.state.nets, case.batch(), Clock(0, TOTAL)), Iterator)
    assert several == (counts != {1})


@grouped("case", by_method([case for case in PLAIN if case.arch.name == "dcgan"]))
def test_running_statistics_record_what_the_networks_are_asked_about_later(case):
    state = case.state()
    observe(state, case.batch())
    norms = {
        net: [m for m in module.modules() if isinstance(m, _BatchNorm)] for net, module in state.nets.items()
    }
    recorded = {
        net: max((int(m.num_batches_tracked) for m in each), default=0) for net, each in norms.items()
    }
    assert recorded == TRACKED[case.method.name]


@pytest.mark.parametrize("name", ["introvae", "soft-introvae", "as-introvae"])
def test_decoders_of_introspective_methods_record_codes_of_data_alone(name: str):
    """Codes of the prior are the same for other data, and those of data are not."""
    case = next(c for c in ON_IMAGES if c.method.name == name and c.arch.name == "dcgan" and not c.note)

    def recorded(x: torch.Tensor) -> list[torch.Tensor]:
        state, codes = case.state(), []
        decoder = state.nets.modules["decoder"]
        norm = next(m for m in decoder.modules() if isinstance(m, _BatchNorm))

        def note(_: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> None:
            if norm.track_running_stats:
                codes.append(given[0].detach())

        decoder.register_forward_pre_hook(note)
        with noise.seeded(0, "codes"):
            observe(state, x)
        return codes

    one, other = recorded(case.batch(0)), recorded(case.batch(1))
    assert len(one) == len(other) == 1
    assert not torch.equal(one[0], other[0])


@unrolled("played")
def test_the_seed_decides_every_bit(played):
    _, before, _, after = first_step(played.case)
    for now, once in ((before, played.before), (after, played.after)):
        assert now.keys() == once.keys()
        assert all(torch.equal(now[key], once[key]) for key in once)
    other = contents(begun(played.case, 1))
    assert not all(torch.equal(other[key], before[key]) for key in before)
