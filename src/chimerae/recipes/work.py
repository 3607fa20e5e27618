"""The arithmetic of one step, counted without doing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from chimerae import noise
from chimerae.methods import Clock
from chimerae.nets import Nets
from chimerae.runs.run import Run
from chimerae.shapes import Shape
from chimerae.training.built import build_networks
from chimerae.training.players import Player, play_batch, stand_ins

SHARES = (1 / 8, 3 / 8, 5 / 8, 7 / 8)
"""Points of a run at which a step is counted or timed: methods have phases of different cost."""


LONG = 10_000
"""Least steps of a run for counting, so that a short warm-up does not stand for a part of it."""


def count(run: Run, shape: Shape) -> tuple[float, dict[str, int]]:
    """Floating-point operations of one step of `run` on samples of `shape`, and parameters by network.

    Only convolutions and products of matrices count, forward and backward; a step is the mean of steps at
    `SHARES` of the run. If the first and the last of them are equal, those between are taken as equal.
    Nothing is computed: tensors have shapes only. BatchNorm is left out, because its operations do not count.
    """
    method = run.method.fitted(shape, run.arch)
    with torch.device("meta"), noise.seeded("count"):
        built = build_networks(method, run.arch, shape, opened=False)
        modules = {name: module.to("meta") for name, module in built.items()}
        players = {
            name: Player(name, _parameters(modules, networks), None, run.training.optimizer_of(name))
            for name, networks in method.players.items()
        }
        networks = {name: sum(p.numel() for p in module.parameters()) for name, module in modules.items()}
        for module in modules.values():
            _leave_out_norms(module)
        nets = Nets(modules, buffers=method.buffers())
        parts = torch.empty(run.training.batch_size, *shape).chunk(run.training.grad_accumulation)
        labels = stand_ins(method, parts)
        total = max(run.steps, LONG)

        def at(share: float) -> float:
            clock = Clock(int(share * total), total)
            return counted(lambda: play_batch(method, nets, players, parts, clock, labels=labels))

        first, last = at(SHARES[0]), at(SHARES[-1])
        between = [first] * (len(SHARES) - 2) if first == last else [at(share) for share in SHARES[1:-1]]
    return (first + sum(between) + last) / len(SHARES), networks


def _leave_out_norms(module: nn.Module) -> None:
    """Replace every BatchNorm by an identity: on the meta device, its pass takes PyTorch longest."""
    for name, child in module.named_children():
        if isinstance(child, _BatchNorm):
            setattr(module, name, nn.Identity())
        else:
            _leave_out_norms(child)


def counted(work: Callable[[], object]) -> float:
    """Floating-point operations of the convolutions and products of matrices in `work`."""
    with _Counter() as counter:
        work()
    return float(counter.total)


def _parameters(modules: Mapping[str, torch.nn.Module], names: Sequence[str]) -> list[torch.nn.Parameter]:
    return [p for name in names for p in modules[name].parameters()]


class _Counter(TorchDispatchMode):
    """Adds up the operations of whatever runs inside."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        made = func(*args, **given)
        operations = flop_registry.get(func._overloadpacket)
        if operations is not None:
            self.total += operations(*args, **given, out_val=made)
        return made
