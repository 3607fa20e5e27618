"""Seconds of a step by kind of work, from PyTorch's profiler."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch.profiler import ProfilerActivity, profile

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "convolutions": ("convolution", "conv2d", "conv_"),
    "matrix products": ("mm", "linear", "matmul"),
    "normalisation": ("batch_norm",),
    "optimisers": ("adam", "rmsprop", "addcdiv", "addcmul", "sqrt"),
    "averages": ("lerp",),
    "copies": ("copy_", "clone", "contiguous", "_to_copy", "cat", "zero_", "fill_"),
    "random numbers": ("normal_", "randn", "uniform_", "random_"),
}
"""Kind of work -> parts of the names of PyTorch's operations; the first that fits counts."""
OTHER: Final = "other operations"
PYTHON: Final = "Python and waiting"


def kind_of(operation: str) -> str:
    """Kind of work that an operation of PyTorch belongs to.

    >>> kind_of("aten::convolution_backward"), kind_of("aten::addmm"), kind_of("aten::mul")
    ('convolutions', 'matrix products', 'other operations')
    """
    name = operation.removeprefix("aten::").lower()
    return next((kind for kind, parts in KINDS.items() if any(part in name for part in parts)), OTHER)


def seconds_by_kind(step: Callable[[], object], steps: int, device: torch.device) -> dict[str, float]:
    """Seconds of one `step` by kind of work, most first; a mean over `steps` of them.

    Times are those of the operations themselves, on `device`. On a CPU the rest of the wall time is
    `PYTHON`. The profiler slows each operation by microseconds, which counts in small networks: shares are
    more reliable than seconds.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler's own lines about itself
    on_cuda = device.type == "cuda"
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * on_cuda
    begun = time.perf_counter()
    with profile(activities=activities) as profiled:
        for _ in range(steps):
            step()
    wall = time.perf_counter() - begun
    found: dict[str, float] = defaultdict(float)
    for event in profiled.key_averages():
        own = event.self_device_time_total if on_cuda else event.self_cpu_time_total
        found[kind_of(event.key)] += own / 1e6
    if not on_cuda:
        found[PYTHON] = max(wall - sum(found.values()), 0.0)
    return {
        kind: seconds / steps for kind, seconds in sorted(found.items(), key=lambda item: -item[1]) if seconds
    }
