"""Processes that decode images. They load no PyTorch, and nothing of the main module.

Together they have as many pixels in work as one process would. They end with the process that started them,
and leave Ctrl-C to it.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Lock, Semaphore
from threading import Thread
from types import ModuleType
from typing import Any, Final

from chimerae.data.convert import Made, Makers
from chimerae.data.manifest import Unread
from chimerae.data.pixels import Bytes, share
from chimerae.data.sources import MOST_PIXELS, Item
from chimerae.data.transform import ImageTransform, chunks
from chimerae.data.unfinished import Killed

TASK: Final = 32
"""Items that a process gets at a time, at most."""
AHEAD: Final = 3
"""Tasks of each process that are under way or wait, at most."""
UNIT: Final = 2**20
"""Pixels in which room is counted."""


@dataclass(frozen=True)
class _SharedRoom:
    """The room of several processes together."""

    entrance: Lock
    """Held by whoever waits for room: two with half of what they need would wait forever."""
    units: Semaphore

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        n = max(1, min(-(-pixels // UNIT), MOST_PIXELS // UNIT))
        with self.entrance:
            for _ in range(n):
                self.units.acquire()
        try:
            yield
        finally:
            for _ in range(n):
                self.units.release()


@contextmanager
def workers(n: int) -> Iterator[Makers]:
    """`n` processes, which start with the first items."""
    context = multiprocessing.get_context("spawn")
    room = context.Lock(), context.Semaphore(MOST_PIXELS // UNIT)
    pool = ProcessPoolExecutor(n, context, _begin, room)
    here = ThreadPoolExecutor(n)

    def make(items: Iterable[Item], transform: ImageTransform) -> Iterator[Made]:
        waiting: deque[tuple[list[int | None], Future[list[Bytes | Unread]]]] = deque()
        for chunk in chunks(items, transform, TASK):
            waiting.append(([item.label for item in chunk], _submitted(pool, here, chunk, transform)))
            if len(waiting) == AHEAD * n:
                yield _next(waiting)
        while waiting:
            yield _next(waiting)

    try:
        yield make
    finally:
        here.shutdown(cancel_futures=True)
        pool.shutdown(cancel_futures=True)


def _next(waiting: deque[tuple[list[int | None], Future[list[Bytes | Unread]]]]) -> Made:
    labels, future = waiting.popleft()
    try:
        return Made(labels, future.result())
    except BrokenProcessPool:
        raise Killed(
            "a process that prepares images was killed, perhaps for want of memory; the same command resumes "
            "(with OMP_NUM_THREADS=1: in one process)"
        ) from None


def _submitted(
    pool: ProcessPoolExecutor, here: ThreadPoolExecutor, chunk: Sequence[Item], transform: ImageTransform
) -> Future[list[Bytes | Unread]]:
    try:
        task = pickle.dumps((chunk, transform))
    except (AttributeError, TypeError, pickle.PicklingError):  # items of a data set in memory
        return here.submit(lambda: [transform(item) for item in chunk])
    with _no_main(), _deaf():
        return pool.submit(_work, task)


def _work(task: bytes) -> list[Bytes | Unread]:
    chunk, transform = pickle.loads(task)
    return [transform(item) for item in chunk]


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the main module: a process that starts would run it, and a script without a guard with it."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _deaf() -> Iterator[None]:
    """Block Ctrl-C, also in processes that start within: it reaches all processes of a terminal."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(*room: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")  # as in `threads`
    share(_SharedRoom(*room))
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
