"""The number of CPU threads with which a run is fastest on this machine, found by trying."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import torch

from chimerae.config import override
from chimerae.recipes.timing import Timing, time_steps
from chimerae.runs.run import Run
from chimerae.shapes import Shape
from chimerae.training.state import pick_device

AT_MOST: Final = 0.4
"""Seconds for the steps that are timed with each number of threads."""
LONG: Final = 1.0
"""Seconds of a step from which on products of matrices are timed instead: more steps would take too long."""
SIDE: Final = 1024
"""Rows and columns of these matrices."""
REPEATS: Final = 5


def with_threads(
    run: Run,
    shape: Shape,
    *,
    clocked: Callable[..., Timing] = time_steps,
    product: Callable[[int], float] | None = None,
) -> tuple[Run, int | None]:
    """`run` with its number of threads written down and in force, and the largest number that was tried.

    That number is None where nothing was tried: on an accelerator, in a process of one thread, or when the
    settings name a number. Half as many threads are taken as long as they are as fast. They are for small
    networks, and on cores that other work keeps busy: there a run on two threads, which wait for each other,
    once played 338 steps in the time of 6,089 on one.

    Args:
        run: as requested.
        shape: of one sample.
        clocked: times steps of a run, as `time_steps` does.
        product: seconds of a product of matrices on so many threads; measured when not given.
    """
    if pick_device(run.training.device).type != "cpu":
        return run, None
    asked, most = run.training.threads, torch.get_num_threads()
    if asked is not None or most == 1:
        torch.set_num_threads(asked or most)
        return _on(run, asked or most), None

    def step(n: int) -> float:
        torch.set_num_threads(n)
        return clocked(run, shape, at_most=AT_MOST).step

    first = step(most)
    fewest = _fewest(most, step, first) if first < LONG else _fewest(most, product or _product)
    torch.set_num_threads(fewest)
    return _on(run, fewest), most


@contextmanager
def threads(n: int | None = None) -> Iterator[None]:
    """Compute on `n` threads (None: on as many as now), and leave the process with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(n or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _on(run: Run, n: int) -> Run:
    return override(run, {"training.threads": n})


def _fewest(n: int, seconds: Callable[[int], float], now: float | None = None) -> int:
    """The last of `n`, `n // 2`, ... that is as fast as the one before; `now` are the seconds of `n`.

    >>> _fewest(8, {8: 1.0, 4: 0.9, 2: 0.9, 1: 1.5}.__getitem__)
    2
    """
    now = seconds(n) if now is None else now
    while n > 1 and (half := seconds(n // 2)) <= now:
        n, now = n // 2, half
    return n


def _product(n: int) -> float:
    """Seconds of a product of matrices on `n` threads: the median of `REPEATS`."""
    torch.set_num_threads(n)
    with torch.inference_mode():
        matrix = torch.ones(SIDE, SIDE)
        taken = []
        for _ in range(REPEATS):
            begun = time.perf_counter()
            torch.mm(matrix, matrix)
            taken.append(time.perf_counter() - begun)
    return sorted(taken)[REPEATS // 2]
