"""Players and turns: each loss moves only its own player."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import torch
from torch import Tensor, nn

from chimerae.errors import InputError
from chimerae.heads import log_sigmas
from chimerae.labels import even
from chimerae.methods import Clock, Losses, Method
from chimerae.nets import Nets
from chimerae.parallel import current
from chimerae.training.settings import Optimizer, Training

LEARNT: Final = ("nets/", "ema/", "optimizer/")
"""Prefixes of a state's tensors that must be finite; a method's own buffers are exempt."""


class NotFinite(InputError):
    """A loss, a weight or an optimiser's moment became NaN or infinite."""


@dataclass(frozen=True)
class Player:
    """Parameters that move together, and their optimiser (None without parameters)."""

    name: str
    params: list[nn.Parameter]
    """Parameters in the optimiser's order."""
    optimizer: torch.optim.Optimizer | None
    settings: Optimizer

    def clear(self) -> None:
        """Forget the gradients of the last turn."""
        for p in self.params:
            p.grad = None

    def step(self, progress: float) -> None:
        """Take a step of the optimiser, with the learning rate at `progress`."""
        if self.optimizer is None:
            return
        if self.settings.clip:
            nn.utils.clip_grad_norm_(self.params, self.settings.clip)
        lr = self.settings.lr_at(progress)
        for group in self.optimizer.param_groups:
            group["lr"] = lr * group["pace"]
        self.optimizer.step()


def build_players(method: Method, nets: Nets, training: Training) -> dict[str, Player]:
    """One player for each name in `method.players`, with its optimiser.

    Raises:
        InputError: the settings name an unknown player or scale the rate of an absent `log_sigma`, or players
            and networks do not match.
    """
    for name in training.players:
        if name not in method.players:
            raise InputError(f"{method.name} has no player '{name}'; there are: {', '.join(method.players)}")
    players = {}
    _check_movers(method, nets)
    for name, networks in method.players.items():
        settings = training.optimizer_of(name)
        groups = _groups([nets.modules[network] for network in networks], settings.sigma_lr_scale)
        params = [p for group in groups for p in group["params"]]
        optimizer = _optimizer(groups, settings) if params else None
        players[name] = Player(name, params, optimizer, settings)
    _check_pace(players)
    return players


def _check_movers(method: Method, nets: Nets) -> None:
    """Raise `InputError` for a frozen or absent network with a player, and a trainable one without."""
    moved = {network for networks in method.players.values() for network in networks}
    if absent := sorted(moved - set(nets.modules)):
        raise InputError(f"{method.name}: players move {', '.join(absent)}, which `networks` does not build")
    if both := sorted(moved & nets.frozen):
        raise InputError(f"{method.name}: {', '.join(both)} cannot be frozen and have a player")
    if idle := sorted(set(nets.modules) - moved - nets.frozen - set(method.targets)):
        raise InputError(f"{method.name}: no player moves {', '.join(idle)}; name a player or say frozen")


def _check_pace(players: Mapping[str, Player]) -> None:
    asked = {player.settings.sigma_lr_scale for player in players.values()} - {1.0}
    had = {group["pace"] for p in players.values() if p.optimizer for group in p.optimizer.param_groups}
    if asked - had:
        raise InputError("no network here has a log_sigma that samples share; leave sigma_lr_scale at 1")


def _groups(modules: Sequence[nn.Module], sigma_lr_scale: float) -> list[dict[str, Any]]:
    """Parameter groups by pace: `sigma_lr_scale` for a shared `log_sigma`, 1 for all others."""
    params = [p for module in modules for p in module.parameters()]
    spreads = {id(p) for module in modules for p in log_sigmas(module)}
    paces = [sigma_lr_scale if id(p) in spreads else 1.0 for p in params]
    return [
        {"params": [p for p, own in zip(params, paces, strict=True) if own == pace], "pace": pace}
        for pace in sorted(set(paces))
    ]


def _optimizer(groups: list[dict[str, Any]], s: Optimizer) -> torch.optim.Optimizer:
    if s.kind == "rmsprop":
        return torch.optim.RMSprop(groups, lr=s.lr, alpha=s.beta2, eps=s.eps, weight_decay=s.weight_decay)
    betas = (s.beta1, s.beta2)
    return torch.optim.Adam(groups, lr=s.lr, betas=betas, eps=s.eps, weight_decay=s.weight_decay, fused=True)


def play_batch(
    method: Method,
    nets: Nets,
    players: Mapping[str, Player],
    parts: Sequence[Tensor],
    clock: Clock,
    *,
    labels: Sequence[Tensor] | None = None,
    finite: bool = False,
) -> dict[str, Tensor]:
    """Play one batch, given in `parts`, to its end and return the loss of every player in each of its turns.

    The parts are played in lock-step, turn by turn: gradients of all parts are averaged before a player
    moves. Losses are detached scalars, named by `in_turn`. `labels` `[B, N]` of each part are for networks
    that take some.

    With `finite`, a turn whose losses or gradients are not all finite moves no player and ends the batch: it
    raises `NotFinite`, and turns before it stand.
    """
    of_parts = [nets] * len(parts) if labels is None else [nets.labelled(y) for y in labels]
    plays = [method.turns(own, x, clock) for own, x in zip(of_parts, parts, strict=True)]
    losses: dict[str, Tensor] = {}
    turns = Counter[str]()
    while turn := take_turn(plays, players, clock.progress, finite=finite):
        turns.update(turn.keys())
        losses |= {in_turn(player, turns[player]): loss for player, loss in turn.items()}
    return losses


def stand_ins(method: Method, parts: Sequence[Tensor]) -> Sequence[Tensor] | None:
    """Labels for `parts` of noise, where the networks of `method` take some: equal weights of all classes."""
    return [even(len(x), method.label_dim, like=x) for x in parts] if method.label_dim else None


def in_turn(player: str, turn: int) -> str:
    """Name in the log of a player's loss in its first, second, ... turn of a batch.

    >>> in_turn("critic", 1), in_turn("critic", 2)
    ('critic', 'critic, turn 2')
    """
    return player if turn == 1 else f"{player}, turn {turn}"


def take_turn(
    plays: Sequence[Iterator[Losses]],
    players: Mapping[str, Player],
    progress: float,
    *,
    finite: bool = False,
) -> dict[str, Tensor]:
    """Take one turn of each part: every gradient first, then every step. Empty when the plays are over.

    Where processes share a batch, losses and gradients are averaged over them before any step: one exchange
    for each player.

    With `finite`, raises `NotFinite` before any step if a loss or gradient is not finite.
    """
    turn: dict[str, Tensor] = {}
    exchanges: list[Callable[[], None]] = []
    for i, play in enumerate(plays):
        for name in _take_gradients(next(play, {}), players, turn, len(plays)):
            if i == len(plays) - 1:  # meanwhile the next player's gradients are taken
                exchanges.append(_share(players[name], turn[name]))
    for finish in exchanges:
        finish()
    if finite:
        _check_turn(turn, players)
    for name in turn:
        players[name].step(progress)
    return turn


def _take_gradients(
    losses: Losses, players: Mapping[str, Player], turn: dict[str, Tensor], n_parts: int
) -> Iterator[str]:
    """Accumulate the gradients of one part and add its losses to `turn`, without a reference to its graph.
    Each player's name is given as soon as it is done.
    """
    for name, loss in losses.items():
        if name not in turn:
            players[name].clear()
        share = loss / n_parts if n_parts > 1 else loss
        if players[name].params:
            share.backward(inputs=players[name].params, retain_graph=True)
        turn[name] = turn[name] + share.detach() if name in turn else share.detach().clone()
        yield name


def _share(player: Player, loss: Tensor) -> Callable[[], None]:
    """Begin to average the player's gradients and its loss, a scalar, over the processes."""
    return current().averaging([*(p.grad for p in player.params if p.grad is not None), loss])


def _check_turn(turn: Mapping[str, Tensor], players: Mapping[str, Player]) -> None:
    for name, loss in turn.items():
        gradients = [p.grad for p in players[name].params if p.grad is not None]
        if not torch.isfinite(loss) or not torch.isfinite(nn.utils.get_total_norm(gradients)):
            raise NotFinite(f"the loss of '{name}', or its gradient, is not finite")


def check_finite(losses: Mapping[str, Tensor], step: int) -> None:
    """Raise `NotFinite`, naming the player and the step, when a loss is not a number."""
    for name, loss in losses.items():
        if not isfinite(value := loss.item()):
            raise _not_finite(f"the loss of '{name}' became {value} at step {step}")


def check_state(tensors: Mapping[str, Tensor], step: int) -> None:
    """Raise `NotFinite`, naming the first tensor, when one of `State.tensors` holds NaN or infinity: a
    weight, its average, or an optimiser's moment. Such a moment would freeze its weight.
    """
    for name, tensor in tensors.items():
        if name.startswith(LEARNT) and not torch.isfinite(tensor).all():
            raise _not_finite(f"'{name.removeprefix('nets/')}' holds NaN or infinity at step {step}")


def _not_finite(what: str) -> NotFinite:
    return NotFinite(
        f"{what}; the last saved state is untouched: resume with a lower rate, "
        "`chimerae resume RUN --set lr=RATE`, or start again with --training.optimizer.clip 1 or "
        "--training.on-nonfinite rollback"
    )
