"""Measuring a step: time, arithmetic, passes, kinds of work, memory."""

from __future__ import annotations

import sys
import time
from typing import Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.bench.kinds import seconds_by_kind
from chimerae.bench.passes import Passes
from chimerae.bench.result import Bench, NetworkCost
from chimerae.machine import device_name
from chimerae.methods import Clock
from chimerae.recipes.timing import play_step
from chimerae.recipes.work import count
from chimerae.runs.run import Run
from chimerae.shapes import Shape, is_image
from chimerae.training.players import play_batch, stand_ins
from chimerae.training.state import State, build_state, pick_autocast

SIDE: Final = 2048
"""Rows and columns of the product of matrices that gives the machine's rate."""
WARM_UP: Final = 3
PERIOD: Final = 16
"""Steps over which passes are counted: penalties and players may have a turn on every n-th step."""


def measure(run: Run, shape: Shape, *, steps: int = 20) -> Bench:
    """Play `steps` steps of `run` on noise of `shape` in fresh networks, and measure them.

    Steps are played from the middle of the run, behind warm-ups. Random numbers of the caller are untouched.
    """
    state = build_state(run.method, run.arch, shape, run.training, run.seed)
    middle = run.steps // 2
    with noise.seeded("bench"):
        x = _batch(run, state, shape)
        for i in range(WARM_UP):
            play_step(run, state, x, middle + i)
        if state.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(state.device)
        taken = tuple(play_step(run, state, x, middle + i) for i in range(steps))
        memory = _memory(state.device)
        kinds = seconds_by_kind(_Steps(run, state, x, middle), max(min(steps, 5), 1), state.device)
        networks = _networks(run, state, x, middle)
        rate = matrix_rate(state.device, bfloat16=state.nets.autocast.bfloat16)
    fast = pick_autocast(state.device, run.training.precision).bfloat16
    return Bench(
        method=run.method.name,
        arch=_arch(run),
        shape=shape,
        batch_size=run.training.batch_size,
        device=device_name(state.device),
        precision="bfloat16" if fast else "float32",
        threads=torch.get_num_threads(),
        seconds=taken,
        operations=count(run, shape)[0],
        rate=rate,
        networks=networks,
        kinds=kinds,
        memory=memory,
    )


class _Steps:
    """The steps of a run from `first` on, one with each call."""

    def __init__(self, run: Run, state: State, x: Tensor, first: int) -> None:
        self.run, self.state, self.x, self.next = run, state, x, first

    def __call__(self) -> None:
        play_step(self.run, self.state, self.x, self.next)
        self.next += 1


def _arch(run: Run) -> str:
    width = getattr(run.arch, "width", None)
    return run.arch.name + (f" of width {width}" if width else "")


def _batch(run: Run, state: State, shape: Shape) -> Tensor:
    x = torch.rand(run.training.batch_size, *shape)
    if is_image(shape):
        x = run.method.value_range.from_unit(x).contiguous(memory_format=torch.channels_last)
    return x.to(state.device)


def _networks(run: Run, state: State, x: Tensor, first: int) -> dict[str, NetworkCost]:
    """Every network with its passes, a mean over `PERIOD` steps."""
    counted, parts = Passes(state), x.chunk(run.training.grad_accumulation)
    labels = stand_ins(run.method, parts)
    with counted.counting():
        for i in range(PERIOD):
            clock = Clock(first + i, max(run.steps, first + i + 1))
            play_batch(run.method, state.nets, state.players, parts, clock, labels=labels)
    return {
        name: NetworkCost(sum(p.numel() for p in net.parameters()), *(n / PERIOD for n in counted.of(name)))
        for name, net in state.nets.items()
    }


def matrix_rate(device: torch.device, *, bfloat16: bool, repeats: int = 5) -> float:
    """Floating-point operations per second of a product of two square matrices; the fastest of `repeats`."""
    dtype = torch.bfloat16 if bfloat16 else torch.float32
    a = torch.ones(SIDE, SIDE, device=device, dtype=dtype)
    taken = []
    with torch.inference_mode():
        for _ in range(repeats + 1):
            begun = time.perf_counter()
            torch.mm(a, a)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            taken.append(time.perf_counter() - begun)
    return 2 * SIDE**3 / min(taken[1:])


def _memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
