"""The rows of a batch that processes share, and values over all of its rows.

Inside `sharing` every process plays its own rows, the same number in each, and its losses are those of its
rows. The engine averages gradients over the processes. So a mean over rows needs no exchange. A value of the
whole batch in front of something that is not linear, such as a variance, is written with the functions below.
They pass gradients on: a process gets the gradients of all processes' losses with respect to its own rows.
Alone, they change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor

from chimerae.errors import InputError
from chimerae.parallel.group import ALONE, Group

_SHARING: ContextVar[Group] = ContextVar("sharing", default=ALONE)


@contextmanager
def sharing(group: Group) -> Iterator[None]:
    """Let `group` share the rows of what is played inside."""
    token = _SHARING.set(group)
    try:
        yield
    finally:
        _SHARING.reset(token)


def current() -> Group:
    """The group that shares rows here; `ALONE` outside of `sharing`."""
    return _SHARING.get()


def rows_of(batch_size: int, parts: int, group: Group) -> Tensor:
    """Rows of each batch that this process of `group` plays, int64: an equal share of each of its `parts`.

    >>> rows_of(8, 2, Group(rank=1, size=2))
    tensor([2, 3, 6, 7])

    Raises:
        InputError: the rows cannot be shared equally.
    """
    if batch_size % (parts * group.size):
        most = max(round(batch_size / (parts * group.size)), 1)
        each = f" and {parts} parts (--training.grad-accumulation)" if parts > 1 else ""
        raise InputError(
            f"a batch of {batch_size} cannot be shared equally by {group.size} processes{each}; "
            f"take --training.batch-size {group.size * parts * most}"
        )
    return torch.arange(batch_size).view(parts, group.size, -1)[:, group.rank].flatten()


def count(rows: int) -> int:
    """Number of rows of the whole batch, of which `rows` are this process's."""
    return rows * current().size


def own(x: Tensor) -> Tensor:
    """The rows of this process out of those of the whole batch, `[rows, ...]`."""
    group = current()
    return x if group.size == 1 else x.chunk(group.size)[group.rank]


def total(x: Tensor) -> Tensor:
    """Sum of `x` over the processes, with gradients.

    >>> total(torch.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """
    group = current()
    if group.size == 1:
        return x
    summed: Tensor = _Sum.apply(x, group)
    return summed


def average(x: Tensor) -> Tensor:
    """Mean of `x` over the processes, with gradients: of a mean over rows, that of the whole batch."""
    return total(x) / current().size


def everyone(x: Tensor) -> Tensor:
    """The rows of all processes `[B, ...]`, in the order of the whole batch, from those of this one.

    >>> everyone(torch.tensor([[1.0], [2.0]])).shape
    torch.Size([2, 1])
    """
    group = current()
    if group.size == 1:
        return x
    before, after = (x.new_zeros(n * len(x), *x.shape[1:]) for n in (group.rank, group.size - group.rank - 1))
    return total(torch.cat([before, x, after]))


class _Sum(torch.autograd.Function):
    """Sum over the processes. Its gradient is the sum of their gradients, and can be differentiated again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, group: Group) -> Tensor:
        ctx.group = group  # gradients may be taken in a thread that knows nothing of `sharing`
        return group.summed(x)

    @staticmethod
    def backward(ctx: Any, *slopes: Any) -> Any:
        return _Sum.apply(slopes[0], ctx.group), None
