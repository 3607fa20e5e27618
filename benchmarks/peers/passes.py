"""Forward and backward passes of a peer's networks in one update."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.autograd.graph import register_multi_grad_hook


class PeerPasses:
    """Per network: forwards, backwards to its weights, and backwards to its input alone."""

    def __init__(self, networks: Mapping[str, nn.Module]) -> None:
        self.networks = networks
        self.counts: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count the passes of what runs inside."""
        self._hooks: list[Any] = [self._watch(name, module) for name, module in self.networks.items()]
        try:
            yield
        finally:
            for hook in self._hooks:
                hook.remove()

    def facts(self) -> dict[str, list[int]]:
        """Network -> forwards, backwards to the weights, backwards to the input alone."""
        return {name: [self.counts[name, kind] for kind in "FWI"] for name in self.networks}

    def _watch(self, name: str, module: nn.Module) -> Any:
        def passed(_module: nn.Module, _inputs: Any, outputs: Any) -> None:
            self.counts[name, "F"] += 1
            kind = "W" if any(p.requires_grad for p in module.parameters()) else "I"
            tensors = [t for t in _tensors(outputs) if t.requires_grad]
            if tensors:

                def returned(_gradient: Any) -> None:
                    self.counts[name, kind] += 1

                self._hooks.append(register_multi_grad_hook(tensors, returned, mode="any"))

        return module.register_forward_hook(passed)


def _tensors(outputs: Any) -> list[Tensor]:
    if isinstance(outputs, Tensor):
        return [outputs]
    return list(outputs.values() if isinstance(outputs, Mapping) else outputs)
