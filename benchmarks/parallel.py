"""Work and exchanges of a step that processes share: the tables of docs/parallel.md.

    python benchmarks/parallel.py [--side 32] [--width 16] [--batch-size 64] [--steps 4] [--only avae]
    python benchmarks/parallel.py --model

Every method plays some steps alone, and then in two processes of half the rows each. Seconds are those of the
processor: waiting for the other process counts for nothing.
"""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
import tyro

from chimerae import noise
from chimerae.methods import BY_NAME, Clock
from chimerae.networks import DCGAN
from chimerae.parallel import ALONE, Group, joined, rows_of, sharing
from chimerae.training.players import play_batch
from chimerae.training.settings import Training
from chimerae.training.state import build_state


@dataclass(frozen=True)
class Options:
    """Options of this benchmark."""

    side: int = 32
    width: int = 16
    batch_size: int = 64
    steps: int = 4
    only: tuple[str, ...] = tuple(BY_NAME)
    model: bool = False
    """Print the model of many GPUs, which measures nothing."""


STEP = 7.5e-3
"""Assumed seconds of an AVAE's step on one GPU, with 64 images of 64x64 pixels and width 128."""
GRADIENTS = (150.8e6, 75.4e6, 68.9e6)
"""Bytes of the gradients of its players, in the order in which they are taken."""
SMALL = 86
"""Exchanges of BatchNorm's statistics in its step, forward and backward."""
MACHINE, INSIDE, BETWEEN = 8, 450e9, 8 * 50e9
"""GPUs of a machine, and peak bytes a second inside of one and between two, by an adapter for every GPU."""
REACHED = 0.5
"""Share of the peak that large exchanges reach."""
START, HOP = 20e-6, 10e-6
"""Seconds of a small exchange inside a machine, and of each hop of a tree between machines."""


def modelled(gpus: int, small: int) -> float:
    """Seconds of a step with `small` exchanges of statistics."""
    speed = REACHED * (INSIDE if gpus <= MACHINE else BETWEEN)
    latency = START + 2 * HOP * math.log2(max(gpus / MACHINE, 1))
    *hidden, last = (latency + 2 * (gpus - 1) / gpus * size / speed for size in GRADIENTS)
    beside = STEP / 2  # gradients of the other players, while those before are exchanged
    return STEP + max(sum(hidden) - beside, 0.0) + last + small * latency


def print_model() -> None:
    print("| GPUs | ms a step, BatchNorm over all | of the ideal | ms a step, each its own | of the ideal |")
    print("|---|---|---|---|---|")
    for gpus in (8, 64, 256, 1024):
        each = (f"{1e3 * s:.1f} | {STEP / s:.0%}" for s in (modelled(gpus, SMALL), modelled(gpus, 0)))
        print(f"| {gpus:,} | {' | '.join(each)} |")


def main(options: Options) -> None:
    if options.model:
        print_model()
        return
    torch.set_num_threads(1)
    alone = {name: measured(name, options, ALONE) for name in options.only}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    other = os.fork()
    rank = 0 if other else 1
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank)}
    with joined("cpu") as group:
        together = {name: measured(name, options, group) for name in options.only}
    if rank:
        os._exit(0)
    os.waitpid(other, 0)
    print("| method | s alone | s in each of two | of the ideal | exchanges | below 16 KB | MB |")
    print("|---|---|---|---|---|---|---|")
    for name, one in alone.items():
        two = together[name]
        share = one["seconds"] / 2 / two["seconds"]
        print(
            f"| {name} | {one['seconds']:.2f} | {two['seconds']:.2f} | {share:.0%} | {two['calls']:.0f} | "
            f"{two['small']:.0f} | {two['bytes'] / 1e6:.1f} |"
        )


def measured(name: str, options: Options, group: Group) -> Mapping[str, Any]:
    """Seconds of the processor, exchanges and their bytes in a step; `small`: those below 16 KB."""
    method, shape = BY_NAME[name](), (3, options.side, options.side)
    training = Training(device="cpu", batch_size=options.batch_size)
    state = build_state(method, DCGAN(width=options.width), shape, training, 0)
    state.nets.train()
    x = torch.rand(options.batch_size, *shape, generator=noise.generator("parallel"))
    x = method.value_range.from_unit(x)[rows_of(options.batch_size, 1, group)]
    sizes, honest = list[int](), dist.all_reduce

    def counted(tensor: torch.Tensor, *args: Any, **options: Any) -> Any:
        sizes.append(tensor.numel() * tensor.element_size())
        return honest(tensor, *args, **options)

    dist.all_reduce = counted
    begun = 0.0
    for step in range(options.steps + 1):
        if step == 1:  # the first one loads libraries
            sizes.clear()
            begun = time.process_time()
        clock = Clock(step, options.steps + 1)
        with noise.seeded("parallel", step), sharing(group):
            play_batch(method, state.nets, state.players, [x], clock)
    seconds, n = time.process_time() - begun, options.steps
    dist.all_reduce = honest
    small = sum(size < 16_384 for size in sizes)
    return {"seconds": seconds / n, "calls": len(sizes) / n, "bytes": sum(sizes) / n, "small": small / n}


if __name__ == "__main__":
    main(tyro.cli(Options))
