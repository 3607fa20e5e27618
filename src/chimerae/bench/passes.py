"""Counting what a step costs: forwards, backwards to the weights, backwards to the input only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import register_multi_grad_hook
from torch.utils._python_dispatch import TorchDispatchMode

from chimerae.gaussian import Gaussian
from chimerae.training.state import State


class Passes:
    """Per network: `F` forwards, `W` backwards for its own player, `I` backwards through it for others."""

    def __init__(self, state: State) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.products = 0
        """Matrix products, forward and backward."""
        self._state = state
        self._player: str | None = None
        self._hooks: list[Any] = []

    def of(self, network: str) -> tuple[int, int, int]:
        """`(F, W, I)` of a network."""
        return self.counts[network, "F"], self.counts[network, "W"], self.counts[network, "I"]

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count everything that happens inside. `Tensor.backward` is replaced there: use one thread."""
        hooks = [self._watch(name, module) for name, module in self._state.nets.items()]
        try:
            with self._player_of_each_backward(), _Products(self):
                yield
        finally:
            for hook in hooks + self._hooks:
                hook.remove()

    @contextmanager
    def _player_of_each_backward(self) -> Iterator[None]:
        """Note for whom gradients are taken, by the parameters that `Tensor.backward` is given."""
        backward = Tensor.backward
        owners = {_identity(player.params): player.name for player in self._state.players.values()}

        def known(loss: Tensor, *args: Any, **options: Any) -> None:
            self._player = owners[_identity(options["inputs"])]
            backward(loss, *args, **options)  # type: ignore[no-untyped-call]
            self._player = None

        Tensor.backward = known  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            Tensor.backward = backward  # type: ignore[method-assign]

    def _watch(self, name: str, module: nn.Module) -> Any:
        def returned() -> None:
            own = self._player is not None and name in self._state.method.players[self._player]
            self.counts[name, "W" if own else "I"] += 1

        def passed(_module: nn.Module, _inputs: Any, outputs: Any) -> None:
            self.counts[name, "F"] += 1
            tensors = [t for t in _tensors(outputs) if t.requires_grad]
            if tensors:
                self._hooks.append(
                    register_multi_grad_hook(tensors, lambda _gradient: returned(), mode="any")
                )

        return module.register_forward_hook(passed)


class _Products(TorchDispatchMode):
    """Counts products of matrices in `passes`."""

    def __init__(self, passes: Passes) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.passes = passes

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.passes.products += func in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default)
        return func(*args, **(kwargs or {}))


def _identity(params: Sequence[Tensor]) -> tuple[int, ...]:
    return tuple(map(id, params))


def _tensors(outputs: Any) -> list[Tensor]:
    if isinstance(outputs, Gaussian):
        return [outputs.mu, outputs.logvar]
    return list(outputs) if isinstance(outputs, tuple) else [outputs]
