"""Comparison of an exported file with PyTorch, on random samples and on real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.errors import InputError
from chimerae.export.formats import Opened
from chimerae.export.graphs import BYTE, CODE, Graph, Port

TOLERANCE: Final = 1e-4
"""Largest difference of floats from PyTorch, in units of the largest value where that exceeds 1."""
LEVELS: Final = 1.0
"""Largest difference of bytes: another order of sums may round to the next level."""
BATCHES: Final = (1, 5)
"""Samples in the compared batches; both differ from the traced one."""


@dataclass(frozen=True)
class Real:
    """Real samples for the comparison, and their codes."""

    samples: Tensor
    """`[N, *shape]`; images in [0, 1]."""
    codes: Tensor | None = None
    """`[N, z]`; None without an encoder."""

    def of(self, port: Port, n: int) -> Tensor | None:
        """The first `n` values of an input; None where data have none."""
        if port.shape == self.samples.shape[1:] and port.name != CODE:
            x = self.samples[:n]
            return (x * BYTE).round().byte() if port.dtype == torch.uint8 else x
        return None if port.name != CODE or self.codes is None else self.codes[:n]


def largest_difference(graph: Graph, opened: Opened, real: Real | None) -> float:
    """The largest absolute difference between the outputs of `opened` and of PyTorch.

    Raises:
        InputError: an output is missing, of another shape or type, or differs by more than is allowed.
    """
    largest = 0.0
    for inputs in _batches(graph, real):
        with torch.no_grad():
            wanted = graph.module(*inputs)
        found = opened(inputs)
        for port, a, b in zip(graph.outputs, wanted, found, strict=True):
            if (a.shape, a.dtype) != (b.shape, b.dtype):
                raise InputError(_wrong(graph, port, f"is {_kind(b)} in place of {_kind(a)}"))
            difference = (a.float() - b.float()).abs().max().item()
            bytewise = port.dtype == torch.uint8
            allowed = LEVELS if bytewise else TOLERANCE * max(1.0, a.abs().max().item())
            if not difference <= allowed:
                raise InputError(_wrong(graph, port, f"differs from PyTorch's by {difference:.2g}"))
            largest = max(largest, difference)
    return largest


def _batches(graph: Graph, real: Real | None) -> Iterator[tuple[Tensor, ...]]:
    generator = noise.generator("check")
    sources: list[Callable[[Port, int], Tensor | None]] = [lambda port, n: None]
    sources += [] if real is None else [real.of]
    for source in sources:
        for n in BATCHES:
            first = source(graph.inputs[0], n)
            n = n if first is None else len(first)
            rest = [port.draw(n, generator) for port in graph.inputs]
            yield (rest[0] if first is None else first, *rest[1:])


def _kind(x: Tensor) -> str:
    return f"{list(x.shape)} {x.dtype}"


def _wrong(graph: Graph, port: Port, what: str) -> str:
    return f"{graph.name} was not exported: its output {port.name} {what}; report this as a fault of chimerae"


def shown(graph: Graph, difference: float) -> str:
    """A difference in words.

    >>> from types import SimpleNamespace as Like
    >>> shown(Like(outputs=[Like(dtype=torch.uint8)]), 1.0)
    '1 level of 255'
    """
    levels: Sequence[bool] = [port.dtype == torch.uint8 for port in graph.outputs]
    return (
        f"{difference:.0f} level{'s' if difference != 1 else ''} of 255"
        if all(levels)
        else f"{difference:.1g}"
    )
