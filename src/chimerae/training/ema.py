"""Exponential moving averages of the networks that are used after training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from chimerae.nets import Nets


class EMA:
    """Averages of the networks `exported`: weights and BatchNorm's running statistics alike; frozen networks
    are themselves.
    """

    def __init__(self, nets: Nets, exported: Sequence[str], decay: float) -> None:
        self.decay = decay
        self._live = {name: nets.modules[name] for name in exported}
        self.modules = {
            name: module if name in nets.frozen else deepcopy(module).requires_grad_(False)
            for name, module in self._live.items()
        }
        moving = [name for name in exported if name not in nets.frozen]
        self._pairs = list(
            _floats((self.modules[name] for name in moving), (self._live[name] for name in moving))
        )

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the live weights after `step` (from 0); early steps are averaged over a shorter
        time.
        """
        decay = min(self.decay, (1 + step) / (10 + step))
        averages, live = zip(*self._pairs, strict=True)
        torch._foreach_lerp_(list(averages), list(live), 1.0 - decay)


def _floats(averages: Iterable[nn.Module], live: Iterable[nn.Module]) -> Iterator[tuple[Tensor, Tensor]]:
    for mine, theirs in zip(averages, live, strict=True):
        now = theirs.state_dict(keep_vars=True)
        for name, tensor in mine.state_dict(keep_vars=True).items():
            if tensor.is_floating_point():
                yield tensor.detach(), now[name].detach()
