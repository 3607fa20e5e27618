"""Two trainings in turn on one core: the peer's loop takes its batches here, and between them ours plays."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from benchmarks.peers.ours import Ours
from benchmarks.peers.passes import PeerPasses
from benchmarks.peers.times import Clock, Times
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from chimerae.methods import Method
from chimerae.recipes.precision import GAIN, LEAST, probe
from chimerae.training.settings import Optimizer

WARM_UP = 2
"""Updates of each side before the first round; the passes and the arithmetic are counted in one of them."""
MOST = 400
"""Updates in a block at most."""


class Finished(Exception):
    """Raised into the peer's loop when everything is measured."""


@dataclass(frozen=True)
class Case:
    """One update that both sides make."""

    name: str
    peer: str
    what: str
    """Update and networks, in words."""
    method: Method
    shape: tuple[int, ...]
    batch_size: int
    optimizer: Optimizer
    remarks: Sequence[str] = ()
    """Differences between both updates, and what was changed in the peer so that it runs."""
    same: bool = True
    """False where the two updates differ in more than the remarks' details."""


class Duel:
    """Batches for the peer; asking for one after the other, it measures itself."""

    def __init__(self, case: Case, rounds: int, seconds: float, seed: int) -> None:
        self.case, self.rounds, self.seconds, self.seed = case, rounds, seconds, seed
        self.found: dict[str, Any] = {}

    def batches(self, theirs: Mapping[str, nn.Module], ours: Mapping[str, nn.Module]) -> Iterator[Tensor]:
        """Batches in the peer's range, until `Finished` is raised.

        Args:
            theirs: the peer's networks by our names, whose passes are counted.
            ours: networks with the same weights, made for our side.
        """
        with tempfile.TemporaryDirectory() as place:
            sides = {p: Ours(self.case, ours, p, self.seed, Path(place) / p) for p in ("float32", "bfloat16")}
            yield from self._measured(sides, theirs)
        raise Finished

    def _measured(self, sides: Mapping[str, Ours], theirs: Mapping[str, nn.Module]) -> Iterator[Tensor]:
        exact = sides["float32"]
        x = exact.x
        if x.dim() == 4:
            x = self.case.method.value_range.from_unit(x)
        passes, flops = PeerPasses(theirs), FlopCounterMode(display=False)
        yield x.clone()  # the first update may make pictures too
        with passes.counting(), flops:
            yield x.clone()
        self.found["arithmetic"] = {"theirs": flops.get_total_flops(), "ours": exact.arithmetic()}
        self.found["passes"] = {"theirs": passes.facts(), "ours": exact.passes()}
        clock, first = Clock(), Times()
        for _ in range(WARM_UP):
            yield x.clone()
        clock.note(first, WARM_UP)
        precision = self._chosen(sides)
        yield from self._rounds(x, sides, precision, max(1, min(MOST, int(self.seconds / first.cpu[0]))))
        self.found["errors"] = {"theirs": exact.error(theirs), "ours": exact.error()}

    def _rounds(self, x: Tensor, sides: Mapping[str, Ours], precision: str, updates: int) -> Iterator[Tensor]:
        played = {"float32": sides["float32"], precision: sides[precision]}
        times = {"theirs": Times()} | {p: Times() for p in played}
        for _ in range(self.rounds):
            clock = Clock()
            for _ in range(updates):
                yield x.clone()
            clock.note(times["theirs"], updates)
            for p, side in played.items():
                side.block(updates, times[p])
        self.found |= {"auto": precision, "updates": updates}
        self.found["times"] = {name: t.facts() for name, t in times.items()}

    def _chosen(self, sides: Mapping[str, Ours]) -> str:
        """The precision that `auto` takes: the rule of `chimerae.recipes.precision`."""
        early = {p: Times() for p in sides}
        for _ in range(1 + WARM_UP):
            for p, side in sides.items():
                side.block(1, early[p])
        if self.found["arithmetic"]["ours"] < LEAST or probe(torch.device("cpu")).gain < GAIN:
            return "float32"
        gain = min(early["float32"].cpu[1:]) / min(early["bfloat16"].cpu[1:])  # the first makes the kernels
        return "bfloat16" if gain >= GAIN else "float32"
