"""A group of processes, and the exchanges between them. Alone, a process exchanges nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from chimerae.errors import Elsewhere, InputError

T = TypeVar("T")


class Lost(InputError):
    """Another process of the run ended, or cannot be reached."""


@dataclass(frozen=True)
class Group:
    """Processes that train one run together, and the place of this one among them."""

    rank: int = 0
    """Place of this process, from 0."""
    size: int = 1
    """Number of processes."""
    handle: Any = None
    """Their `torch.distributed` group; None: all processes."""

    @property
    def first(self) -> bool:
        """True in the process that decides, prints and writes files."""
        return self.rank == 0

    def summed(self, x: Tensor) -> Tensor:
        """A new tensor: the sum of `x` over the processes, without a gradient."""
        made = x.detach().clone(memory_format=torch.contiguous_format)
        if self.size > 1:
            with _reaching():
                dist.all_reduce(made, group=self.handle)
        return made

    def averaging(self, tensors: Sequence[Tensor]) -> Callable[[], None]:
        """Begin to replace `tensors` by their means over the processes; the result waits for the end of it.

        One exchange in one flat buffer. The tensors must not be used before the wait is over.
        """
        if self.size == 1 or not tensors:
            return _nothing
        flat = torch.cat([t.detach().reshape(-1) for t in tensors])
        with _reaching():
            work = dist.all_reduce(flat, group=self.handle, async_op=True)

        def finish() -> None:
            with _reaching():
                work.wait()
            means = flat.div_(self.size).split([t.numel() for t in tensors])
            for tensor, mean in zip(tensors, means, strict=True):
                tensor.detach().copy_(mean.view(tensor.shape))

        return finish

    def most(self, *values: int) -> list[int]:
        """The largest of each of the integers that the processes give."""
        if self.size == 1:
            return [*values]
        numbers = torch.tensor(values, dtype=torch.int64)
        with _reaching():
            dist.all_reduce(numbers, dist.ReduceOp.MAX, group=self.handle)
        return [int(number) for number in numbers]

    def means(self, values: Mapping[str, float]) -> dict[str, float]:
        """The mean over the processes of each value; all give the same names in the same order."""
        if self.size == 1 or not values:
            return dict(values)
        numbers = self.summed(torch.tensor([*values.values()], dtype=torch.float64)) / self.size
        return dict(zip(values, numbers.tolist(), strict=True))

    def wait(self) -> None:
        """Wait until every process is here."""
        self.most(0)

    def by_first(self, work: Callable[[], T]) -> T:
        """Result of `work`, which the first process alone does; plain values such as JSON has.

        Raises:
            InputError: `work` raised one: the same in the first process, `Elsewhere` in the others.
        """
        if self.size == 1:
            return work()
        told: list[Any] = [None, ""]
        failed: InputError | None = None
        if self.first:
            try:
                told = [work(), ""]
            except InputError as error:
                failed, told = error, [None, str(error) or type(error).__name__]
        with _reaching():
            dist.broadcast_object_list(told, group=self.handle, group_src=0)
        if failed is not None:
            raise failed
        if told[1]:
            raise Elsewhere(told[1])
        result: T = told[0]
        return result


ALONE: Final = Group()
"""The group of a process on its own."""


def _nothing() -> None:
    """Wait for nothing."""


@contextmanager
def _reaching() -> Iterator[None]:
    """A block that exchanges tensors.

    Raises:
        Lost: an exchange failed.
    """
    try:
        yield
    except RuntimeError as error:
        said = str(error).strip().splitlines()
        raise Lost(
            "the exchange with the other processes failed: one of them ended, or cannot be reached "
            f"({said[0] if said else type(error).__name__})"
        ) from None
