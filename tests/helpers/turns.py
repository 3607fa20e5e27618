"""Turns under observation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from chimerae.methods import Clock, Losses
from chimerae.training.players import take_turn
from chimerae.training.state import State

TOTAL = 100


@dataclass(frozen=True)
class Turn:
    """What happened in one turn."""

    losses: dict[str, Any]
    """As they were yielded."""
    moved: set[str]
    """Parameters that changed, as `network.name`."""
    filled: dict[str, Tensor]
    """Gradients after the turn, by parameter."""


def parameters(state: State) -> dict[str, nn.Parameter]:
    """Every parameter, as `network.name`."""
    return {f"{net}.{key}": p for net, module in state.nets.items() for key, p in module.named_parameters()}


def buffers(state: State) -> dict[str, Tensor]:
    """A copy of every buffer, as `network.name`."""
    return {
        f"{net}.{key}": b.clone() for net, module in state.nets.items() for key, b in module.named_buffers()
    }


def owned(state: State, player: str) -> set[str]:
    """The parameters of a player, as `network.name`."""
    return {key for key in parameters(state) if key.split(".")[0] in state.method.players[player]}


def observe(state: State, x: Tensor, step: int = 0) -> list[Turn]:
    """Play the batch `x` with the engine's turns and write down what each of them did."""
    notes: list[dict[str, Any]] = []

    def noted(play: Iterator[Losses]) -> Iterator[Losses]:
        for losses in play:
            notes.append({name: loss.detach().clone() for name, loss in losses.items()})
            yield losses

    own, turns = parameters(state), []
    plays = [noted(state.method.turns(state.nets, x, Clock(step, TOTAL)))]
    while True:
        before = {key: p.detach().clone() for key, p in own.items()}
        for p in own.values():
            p.grad = None
        if not take_turn(plays, state.players, 0.0):
            return turns
        moved = {key for key, p in own.items() if not torch.equal(p, before[key])}
        filled = {key: p.grad.clone() for key, p in own.items() if p.grad is not None}
        turns.append(Turn(notes[-1], moved, filled))


def standing(state: State, x: Tensor, step: int = 0) -> list[dict[str, Tensor]]:
    """The losses of every turn of one batch while nobody moves, and the method's own tensors stay."""
    kept = dict(state.nets.buffers)
    made = [dict(losses) for losses in state.method.turns(state.nets, x, Clock(step, TOTAL))]
    state.nets.buffers.update(kept)
    return made


def before_norm(modules: Mapping[str, nn.Module]) -> set[str]:
    """Biases that BatchNorm takes away again: their gradient is what rounding leaves of large ones."""
    return {
        f"{net}.{path}.{place}.bias".replace("..", ".")
        for net, module in modules.items()
        for path, part in module.named_modules()
        if isinstance(part, nn.Sequential)
        for place, (layer, after) in enumerate(pairwise(part))
        if isinstance(after, _BatchNorm) and getattr(layer, "bias", None) is not None
    }


def assert_slopes_close(
    ours: dict[str, Tensor], theirs: dict[str, Tensor], idle: set[str], *, rtol: float = 1e-7
) -> None:
    """Equal gradients in float64, up to rounding; those of `idle` parameters are next to nothing in both."""
    largest = max(slope.abs().max().item() for slope in theirs.values())
    for key, slope in theirs.items():
        if key in idle:
            assert max(slope.abs().max(), ours[key].abs().max()) < rtol * largest, key
            continue
        floor = rtol * largest
        torch.testing.assert_close(
            ours[key], slope, rtol=rtol, atol=floor, msg=lambda m, key=key: f"{key}: {m}"
        )
