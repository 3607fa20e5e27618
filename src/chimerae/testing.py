"""The contract of a method, as a test: `check_method(MyMethod())`.

It is for methods of your own, as scikit-learn's `check_estimator` is for estimators. The errors that it finds
would make a run wrong, impossible to resume, or impossible to use. It cannot compare a method with its paper.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatch

import torch
from torch import Tensor

from chimerae import methods, noise
from chimerae.config import from_dict, to_dict
from chimerae.extensions import checked
from chimerae.gaussian import Gaussian
from chimerae.labels import in_turn, weights
from chimerae.methods import Clock, Losses, Method
from chimerae.nets import Architecture
from chimerae.networks import DCGAN, MLP
from chimerae.shapes import Shape, is_image
from chimerae.training.players import take_turn
from chimerae.training.settings import Training
from chimerae.training.state import State, build_state
from chimerae.training.targets import update_targets

BATCH, STEPS = 6, 4
IMAGES: Shape = (1, 16, 16)
POINTS: Shape = (2,)


class ContractError(AssertionError):
    """A method breaks a rule that the engine relies on."""


def check_method(
    method: Method,
    *,
    shapes: Sequence[Shape] = (IMAGES, POINTS),
    arch: Architecture | None = None,
    unreached: Sequence[str] = (),
) -> None:
    """Play `method` for a few steps on noise of each shape, and raise at the first broken rule.

    The rules: settings survive JSON; every network has a player or is frozen; losses are finite scalars of
    known players; every player plays; a loss moves only its own player; every parameter is reached by some
    loss; frozen networks stay; the same seed gives the same bits; a run that stopped goes on to the
    same bits; samples and codes have their shapes, and those of one sample do not depend on the others.

    Args:
        method: with settings that let everything happen within four steps of a hundred (short warm-ups).
        shapes: of samples, `[C, H, W]` for images and `[d]` for points; both kinds when not given.
        arch: architecture of the networks; a small one that suits the shape when not given.
        unreached: parameters that no loss depends on by design, such as `critic.*.bias`.

    Raises:
        ContractError: a rule is broken; the message names it, the network or the player.
        InputError: the class cannot be used at all.
    """
    checked("method", type(method).__qualname__, Method, type(method))
    _check_settings(method)
    for shape in shapes:
        case = _Case(method, arch or (DCGAN(width=4) if is_image(shape) else MLP(width=8)), tuple(shape))
        _check_turns(case, unreached)
        _check_repeats(case)
        _check_resumes(case)
        _check_use(case)


@dataclass(frozen=True)
class _Case:
    """A method with an architecture on samples of one shape."""

    method: Method
    arch: Architecture
    shape: Shape

    def state(self, seed: int = 0) -> State:
        return build_state(self.method, self.arch, self.shape, Training(device="cpu"), seed)

    def batch(self, step: int = 0) -> Tensor:
        with noise.seeded("check", step):
            x = torch.rand(BATCH, *self.shape)
        return self.method.value_range.from_unit(x) if is_image(self.shape) else x

    def labels(self, n: int = BATCH) -> Tensor | None:
        """Labels `[n, N]` of the first samples of a batch, where networks take some."""
        classes = self.method.label_dim
        return weights(in_turn(n, classes), classes) if classes else None

    def turns(self, state: State, step: int) -> Iterator[Losses]:
        """The losses of each turn of a batch, after the players have stepped."""
        seen: list[Losses] = []

        def noted(play: Iterator[Losses]) -> Iterator[Losses]:
            for losses in play:
                _check_losses(self, losses)
                seen.append(losses)
                yield losses

        clock = Clock(step, 100, {}, share=step / STEPS)
        nets = state.nets.labelled(self.labels())
        plays = [noted(self.method.turns(nets, self.batch(step), clock))]
        with noise.seeded("play", step):
            while take_turn(plays, state.players, clock.progress):
                yield seen[-1]
        update_targets(self.method, state.nets.modules, step + 1)
        if state.ema:
            state.ema.update(step)
        state.step = step + 1

    def played(self, state: State, steps: int = STEPS) -> State:
        """`state` after so many more steps."""
        for step in range(state.step, state.step + steps):
            for _ in self.turns(state, step):
                pass
        return state

    def __str__(self) -> str:
        return f"{self.method.name} on {list(self.shape)}"


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise ContractError(sentence)


def _check_settings(method: Method) -> None:
    values = json.loads(json.dumps(to_dict(method)))
    _require(
        from_dict(type(method), values) == method, f"{method.name}: settings change on their way to JSON"
    )
    listed = methods.BY_NAME.get(method.name, type(method))
    _require(listed is type(method), f"{method.name} is the name of a method of the package; choose another")


def _check_turns(case: _Case, unreached: Sequence[str]) -> None:
    state, reached, played = case.state(), set[str](), set[str]()
    parameters = {
        f"{net}.{name}": p for net, module in state.nets.items() for name, p in module.named_parameters()
    }
    before = {name: p.detach().clone() for name, p in parameters.items()}
    frozen = deepcopy({name: state.nets.modules[name].state_dict() for name in case.method.frozen})
    for step in range(STEPS):
        for losses in case.turns(state, step):
            played |= set(losses)
            movers = {net for player in losses for net in case.method.players[player]}
            for name, p in parameters.items():
                if name.partition(".")[0] not in movers:
                    _require(torch.equal(p, before[name]), f"{case}: {name} moved in a turn of {set(losses)}")
                elif p.grad is not None and p.grad.any():
                    reached.add(name)
                before[name] = p.detach().clone()
        before = {name: p.detach().clone() for name, p in parameters.items()}  # targets have been copied
    idle = sorted(set(case.method.players) - played)
    _require(not idle, f"{case}: {', '.join(idle)} did not play in {STEPS} steps spread over the run")
    still = {name.partition(".")[0] for name in parameters} & {*case.method.frozen, *case.method.targets}
    missing = {name for name in parameters if name.partition(".")[0] not in still} - reached
    missing = {name for name in missing if not any(fnmatch(name, pattern) for pattern in unreached)}
    _require(not missing, f"{case}: no loss reaches {', '.join(sorted(missing))}")
    for net, kept in frozen.items():
        now = state.nets.modules[net].state_dict()
        same = all(torch.equal(now[key], value) for key, value in kept.items())
        _require(same, f"{case}: the frozen network {net} has changed")


def _check_losses(case: _Case, losses: Losses) -> None:
    for player, loss in losses.items():
        _require(player in case.method.players, f"{case}: a turn has the loss of {player}, who is no player")
        _require(loss.ndim == 0, f"{case}: the loss of {player} has shape {list(loss.shape)}; take its mean")
        _require(bool(loss.isfinite()), f"{case}: the loss of {player} is {loss.item()}")


def _check_repeats(case: _Case) -> None:
    first, again = (case.played(case.state(), 2).tensors() for _ in range(2))
    differ = _differing(first, again)
    _require(
        not differ,
        f"{case}: two runs of one seed differ in {differ}; take every random number from self.prior or "
        "chimerae.noise",
    )


def _check_resumes(case: _Case) -> None:
    straight = case.played(case.state())
    half = case.played(case.state(), STEPS // 2)
    resumed = case.state(seed=1)
    frozen = {name: half.nets.modules[name] for name in case.method.frozen}
    resumed.nets.modules.update(frozen)  # built anew from the seed of the run, which is another one here
    resumed.load({name: t.clone() for name, t in half.tensors().items()}, half.step)
    differ = _differing(straight.tensors(), case.played(resumed, STEPS - STEPS // 2).tensors())
    _require(
        not differ,
        f"{case}: a run that stopped and went on differs in {differ} from one that did not; what outlives a "
        "batch belongs into networks or `buffers`",
    )


def _differing(first: dict[str, Tensor], second: dict[str, Tensor]) -> str:
    """The name of the first tensor that is not the same in both; empty: none."""
    names = sorted(first.keys() ^ second.keys()) or sorted(
        name for name in first if not torch.equal(first[name], second[name])
    )
    return names[0] if names else ""


def _check_use(case: _Case) -> None:
    method, nets = case.method, case.played(case.state(), 2).final_nets()
    with nets.evaluating(), noise.seeded("use"):
        z = noise.normal(BATCH, method.z_dim + method.noise_dim)
        z = method.with_labels(z, case.labels())
        for name, x in method.decode(nets, z).items():
            wanted = [BATCH, *case.shape]
            _require(list(x.shape) == wanted, f"{case}: {name} makes {list(x.shape)} and not {wanted}")
            alone = method.decode(nets, z[:1])[name]
            _require(_close(x[:1], alone), f"{case}: a sample of {name} depends on the others of its batch")
        if method.encodes:
            x = case.batch()
            q, again, one = (
                method.encode(nets.labelled(case.labels(len(part))), part) for part in (x, x, x[:1])
            )
            _require(isinstance(q, Gaussian), f"{case}: encode returns {type(q).__name__} and no Gaussian")
            wanted = [BATCH, method.z_dim]
            _require(list(q.mu.shape) == wanted, f"{case}: codes have shape {list(q.mu.shape)}, not {wanted}")
            if _close(q.mu, again.mu):  # an encoder that is fed with noise gives another code each time
                _require(_close(q.mu[:1], one.mu), f"{case}: a code depends on the others of its batch")


def _close(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=1e-3, atol=1e-4)
