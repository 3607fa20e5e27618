"""Timing of discarded work, steps or single operations: no weight, file or random number of a run depends on
it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.methods import Clock
from chimerae.parallel import place
from chimerae.recipes.work import SHARES
from chimerae.runs.run import Run
from chimerae.shapes import Shape, is_image
from chimerae.training.players import play_batch, stand_ins
from chimerae.training.state import State, build_state
from chimerae.training.targets import update_targets

ROUNDS = 12
"""Most steps that are timed at each of `SHARES`; one is timed at least."""
REPEATS: Final = 5
LEAST_REPEATS: Final = 2
"""Repeats that are timed whatever they take: an interruption of one decides nothing."""
ENOUGH: Final = 0.02
"""Seconds after which a kind of work is not repeated further."""


@dataclass(frozen=True)
class Timing:
    """Seconds that steps of a run take on this machine."""

    seconds: tuple[float, ...]
    """Mean seconds of a step, in equal parts of the run, first to last."""
    parameters: dict[str, int]
    """Number of parameters of each network."""
    rounds: int
    """Steps that were timed in each part."""
    slowness: float = 1.0
    """Time that passed per second of a core that this process used, at least 1; more under other work."""
    on_cpu: bool = True
    processes: int = 1
    """Processes that share a batch: the steps were those of one of them, without exchanges."""

    @property
    def alone(self) -> float:
        """Mean seconds of a step that one process would play."""
        return self.step * self.processes

    @property
    def step(self) -> float:
        """Mean seconds of a step over the whole run."""
        return sum(self.seconds) / len(self.seconds)


def time_steps(run: Run, shape: Shape, *, at_most: float = 3.0) -> Timing:
    """Play some steps of `run` on noise of `shape`, in fresh networks that are dropped; about `at_most`
    seconds. Where processes share a batch, these are steps of one share.

    Two steps are played before the clock starts: the first ones choose algorithms and take memory. If these
    two use up the time, they alone are the timing.
    """
    begun = time.monotonic()
    processes = place().size
    state = build_state(run.method, run.arch, shape, run.training, run.seed)
    with noise.seeded("timing"):
        x = torch.rand(run.training.batch_size // processes, *shape)
        if is_image(shape):
            x = run.method.value_range.from_unit(x).contiguous(memory_format=torch.channels_last)
        x = x.to(state.device)
        used, started = time.process_time(), time.monotonic()
        early, late = (play_step(run, state, x, int(share * run.steps)) for share in (SHARES[0], SHARES[-1]))
        taken: list[list[float]] = [[] for _ in SHARES]
        if time.monotonic() - begun >= at_most:
            taken = [[early if share < 0.5 else late] for share in SHARES]
        for i in range(0 if taken[0] else ROUNDS):
            for share, times in zip(SHARES, taken, strict=True):
                times.append(play_step(run, state, x, int(share * run.steps) + i))
            if time.monotonic() - begun >= at_most:
                break
        used, passed = time.process_time() - used, time.monotonic() - started
    on_cpu = state.device.type == "cpu"
    slowness = max(passed * torch.get_num_threads() / used, 1.0) if on_cpu and used else 1.0
    parameters = {name: sum(p.numel() for p in net.parameters()) for name, net in state.nets.items()}
    return Timing(_shaped(taken), parameters, len(taken[0]), slowness, on_cpu, processes)


def play_step(run: Run, state: State, x: Tensor, step: int) -> float:
    """Seconds of one step as the loop plays it, without drawing, logging and saving."""
    begun = time.perf_counter()
    parts = x.chunk(run.training.grad_accumulation)
    clock, labels = Clock(step, max(run.steps, step + 1)), stand_ins(run.method, parts)
    play_batch(run.method, state.nets, state.players, parts, clock, labels=labels)
    update_targets(run.method, state.nets.modules, step + 1)
    if state.ema:
        state.ema.update(step)
    if state.device.type == "cuda":
        torch.cuda.synchronize(state.device)
    return time.perf_counter() - begun


def _shaped(taken: list[list[float]]) -> tuple[float, ...]:
    """Mean seconds of a step in each part, in proportion to the parts' fastest steps.

    Other work on the machine makes single steps slow in any part of the run. So the fastest steps give the
    shape (flat when they differ by less than half), and the mean of all steps gives the level. It includes
    the work that a method does on every n-th step only.
    """
    fastest = [min(times) for times in taken]
    level = sum(map(sum, taken)) / sum(map(len, taken))
    if max(fastest) < 1.5 * min(fastest):
        return (level,) * len(taken)
    scale = level * len(taken) / sum(fastest)
    return tuple(scale * one for one in fastest)


def fastest(work: Callable[..., Tensor], *inputs: Tensor) -> float:
    """Seconds of the fastest of `REPEATS` calls of `work`, fewer where they are slow.

    The first pass is left out, because PyTorch makes its kernels in it: on a busy machine that takes longer
    than all repeats.
    """
    work(*inputs)
    taken: list[float] = []
    while len(taken) < LEAST_REPEATS or (len(taken) < REPEATS and sum(taken) < ENOUGH):
        begun = time.perf_counter()
        made = work(*inputs)
        if made.device.type == "cuda":
            torch.cuda.synchronize(made.device)
        taken.append(time.perf_counter() - begun)
    return min(taken)
