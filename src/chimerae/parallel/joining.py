"""Processes that torchrun started, and the group that they form."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import uuid4

import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from chimerae.errors import InputError
from chimerae.parallel.group import ALONE, Group, Lost
from chimerae.processes import Place, place

T = TypeVar("T")

TIMEOUT: Final = timedelta(hours=2)
"""Longest wait for another process, which may be preparing data. A process that ends is noticed at once."""


@contextmanager
def joined(device: str) -> Iterator[Group]:
    """The group of all processes that torchrun started; `ALONE` when there is one.

    Processes on GPUs exchange tensors by NCCL, and numbers about the run by gloo. A group that exists already
    is used, and stays.

    Args:
        device: as `training.device` names it. Each process takes the GPU of its place on its machine.

    Raises:
        InputError: the device cannot be shared, or there are more processes than GPUs.
        Lost: the others cannot be reached.
    """
    here = place()
    if here.size == 1 and not dist.is_initialized():
        yield ALONE
        return
    ours = not dist.is_initialized()
    if ours:
        _connect(here, device)
    group = Group(dist.get_rank(), dist.get_world_size())
    try:
        yield group if group.size > 1 else ALONE
        group.wait()  # the first process may be writing
    finally:
        if ours:
            dist.destroy_process_group()


def _connect(here: Place, device: str) -> None:
    on_gpu = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    if on_gpu:
        _take_gpu(here, device)
    elif device not in ("auto", "cpu"):
        raise InputError(f"{here.size} processes cannot train on '{device}'; take cuda or cpu")
    try:
        store, rank, size = next(rendezvous("env://", timeout=TIMEOUT))
        number = agreed_start(_prefixed("starts", store), rank, size)
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if on_gpu else "gloo",
            store=_prefixed(f"start {number}", store),
            rank=rank,
            world_size=size,
            timeout=TIMEOUT,
        )
    except (RuntimeError, ValueError) as error:
        raise Lost(f"the processes found no connection: {str(error).splitlines()[0]}") from None


def agreed_start(store: Any, rank: int, size: int) -> int:
    """Number of this start of the processes, from 1, on which all agree.

    When torchrun restarts processes, they find the store as the last ones left it. A process that read old
    addresses there would look for a dead one. So every other process leaves a word that was never used, and
    the first one answers to it with the number.
    """
    if rank:
        word = uuid4().hex
        store.set(f"asks {rank}", word)
        store.wait([f"answer {word}"], TIMEOUT)
        number = int(store.get(f"answer {word}"))
        store.set(f"knows {number} {rank}", "")
        return number
    number = int(store.add("number", 1))
    late, until = [*range(1, size)], time.monotonic() + TIMEOUT.total_seconds()
    while late:
        for other in late:
            if store.check([f"asks {other}"]):
                store.set(f"answer {store.get(f'asks {other}').decode()}", str(number))
        late = [other for other in late if not store.check([f"knows {number} {other}"])]
        if time.monotonic() > until:
            raise Lost(f"{len(late)} of {size} processes did not come")
        time.sleep(0.01 if late else 0.0)
    return number


def _prefixed(name: str, store: Any) -> Any:
    """A part of `store` with keys of its own."""
    return dist.PrefixStore(name, store)  # type: ignore[attr-defined]


def _take_gpu(here: Place, device: str) -> None:
    """Let `cuda` mean the GPU of this process."""
    if device not in ("auto", "cuda"):
        raise InputError(f"{here.size} processes cannot share {device}; leave --training.device at auto")
    there = torch.cuda.device_count()
    if here.local >= there:
        raise InputError(
            f"process {here.local + 1} of this machine has no GPU: there are {there}; start {there} processes"
        )
    torch.cuda.set_device(here.local)


def in_turns(group: Group, work: Callable[[], T]) -> T:
    """Result of `work`, which the first process of every machine does before the others.

    For work that leaves files for the others: they find them.
    """
    if group.size == 1:
        return work()
    leads = group.first or place().local == 0
    if leads:
        made = work()
    group.wait()
    if not leads:
        made = work()
    return made
