"""The measured cost of a step, as facts and in lines."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from chimerae.shapes import Shape, describe, is_image


@dataclass(frozen=True)
class NetworkCost:
    """A network's size, and its passes in one step: forward, back to its weights, back to its input alone."""

    parameters: int
    forward: float
    to_weights: float
    to_input: float


@dataclass(frozen=True)
class Bench:
    """Cost of one step of a run on this machine."""

    method: str
    arch: str
    shape: Shape
    batch_size: int
    device: str
    precision: str
    threads: int
    seconds: tuple[float, ...]
    """Seconds of every timed step, in the order of play."""
    operations: float
    """Floating-point operations of convolutions and products of matrices in a step."""
    rate: float
    """Floating-point operations per second of a product of two matrices, in the same precision."""
    networks: dict[str, NetworkCost]
    kinds: dict[str, float]
    """Seconds of a step by kind of work, under the profiler."""
    memory: int
    """Most bytes in use: of the whole process on a CPU, of tensors on an accelerator."""

    @property
    def step(self) -> float:
        """Median seconds of a step."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> tuple[float, float]:
        """First and third quartile of the seconds of a step."""
        if len(self.seconds) < 2:
            return self.step, self.step
        low, _, high = statistics.quantiles(self.seconds, n=4)
        return low, high

    @property
    def share(self) -> float:
        """Share of the machine's rate that a step reaches. Methods whose steps differ have a mean step."""
        return self.operations / statistics.mean(self.seconds) / self.rate

    @property
    def facts(self) -> dict[str, Any]:
        """All fields and what follows from them, for JSON."""
        derived = {"step": self.step, "images_per_second": self.batch_size / self.step, "share": self.share}
        return {**asdict(self), **derived}

    def text(self) -> str:
        """The measurement in lines."""
        low, high = self.spread
        sample = "images" if is_image(self.shape) else "points"
        lines = [
            f"bench: {self.method}, {self.arch}, {describe(self.shape)}, batches of {self.batch_size}",
            f"  device      {self.device}, {self.precision}, {self.threads} thread(s)",
            f"  step        {_ms(self.step)} (median of {len(self.seconds)}; quartiles {_ms(low)} and "
            f"{_ms(high)}); {self.batch_size / self.step:,.0f} {sample} a second",
            f"  arithmetic  {self.operations / 1e9:.3g} GFLOP a step; {self.share:.0%} of the "
            f"{self.rate / 1e9:,.0f} GFLOP/s that a product of matrices reaches here",
            f"  memory      {self.memory / 2**20:,.0f} MiB at most",
            "  passes in a step: forward, back to the weights, back to the input alone",
        ]
        wide = max(map(len, [*self.networks, *self.kinds]))
        for name, n in self.networks.items():
            passes = "".join(f"{x:>7.4g}" for x in (n.forward, n.to_weights, n.to_input))
            lines.append(f"    {name:<{wide}}{passes}   {n.parameters / 1e6:.3g} M parameters")
        lines.append("  time by kind of work, under the profiler")
        total = sum(self.kinds.values())
        lines += [
            f"    {name:<{wide}}{_ms(s):>12}{s / total:>6.0%}"
            for name, s in self.kinds.items()
            if s >= total / 200
        ]
        return "\n".join(lines)


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms"
