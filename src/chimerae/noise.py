"""Randomness as a pure function of (seed, step): it has no stored state, and a resumed run repeats it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Final

import torch
from torch import Tensor

from chimerae.parallel import count as rows_of_all
from chimerae.parallel import own

BLOCK: Final = 256
"""Rows of noise that are drawn from one seed."""
_PLACED: ContextVar[Callable[[int, int], Tensor] | None] = ContextVar("placed", default=None)
"""Source of the draws of `normal` and `uniform` inside `supplied` and `placed`."""


def key(*parts: int | str) -> int:
    """Mix integers and words into one 63-bit seed; any change of any part gives an unrelated one.

    >>> key(0, "batch", 1) == key(0, "batch", 1), key(0, "batch", 1) == key(0, "batch", 2)
    (True, False)
    """
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


@contextmanager
def seeded(*parts: int | str) -> Iterator[None]:
    """Draw everything inside from the seed `key(*parts)` and leave the callers' generators as they were.

    >>> with seeded(0, "noise"):
    ...     a = normal(2, 3)
    >>> with seeded(0, "noise"):
    ...     b = normal(2, 3)
    >>> bool((a == b).all())
    True
    """
    devices = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(key(*parts))
        yield


def reseed(device: torch.device, *parts: int | str) -> None:
    """Draw everything that follows on the CPU and on `device` from the seed `key(*parts)`.

    `torch.manual_seed` would prepare for accelerators that are not in use, which takes longer than the draws
    of a step on points.

    >>> with seeded(0):
    ...     reseed(torch.device("cpu"), 1, "noise")
    ...     a = normal(2, 3)
    >>> with seeded(1, "noise"):
    ...     b = normal(2, 3)
    >>> bool((a == b).all())
    True
    """
    if device.type == "cpu":
        torch.default_generator.manual_seed(key(*parts))
    else:
        torch.manual_seed(key(*parts))


def normal(n: int, d: int, *, like: Tensor | None = None) -> Tensor:
    """Standard normal draws `[n, d]`, float32, on the device of `like`.

    Every draw of every method comes from here or from `uniform`, so a test can supply its own noise. Where
    processes share a batch, each draws the rows of all of them, from the same seed, and takes its own.
    """
    device = None if like is None else like.device
    made = _PLACED.get()
    return own(torch.randn(rows_of_all(n), d, device=device)) if made is None else made(n, d).to(device)


def rows(start: int, stop: int, d: int, *parts: int | str) -> Tensor:
    """Standard normal rows `start` to `stop`, `[stop - start, d]`, on the CPU; a row depends on its number
    alone.

    >>> bool((rows(0, 600, 3, 0, "eps")[250:260] == rows(250, 260, 3, 0, "eps")).all())
    True
    """
    first = start // BLOCK
    blocks = [
        torch.randn(BLOCK, d, generator=generator(*parts, block)) for block in range(first, -(-stop // BLOCK))
    ]
    return torch.cat([*blocks, torch.empty(0, d)])[start - first * BLOCK :][: stop - start]


@contextmanager
def supplied(draw: Callable[[int, int], Tensor]) -> Iterator[None]:
    """Let `normal` return `draw(n, d)`, for noise that a caller gives; `uniform` and `truncated` follow it.

    >>> with supplied(torch.zeros):
    ...     normal(1, 2)
    tensor([[0., 0.]])
    """
    token = _PLACED.set(draw)
    try:
        yield
    finally:
        _PLACED.reset(token)


@contextmanager
def placed(start: int, *parts: int | str) -> Iterator[None]:
    """Let `normal` return rows `start` and on of `rows`, from another table for each call. Noise depends only
    on the sample's index, never on the batch.
    """
    calls = count()
    with supplied(lambda n, d: rows(start, start + n, d, *parts, next(calls))):
        yield


def uniform(n: int, *, like: Tensor | None = None) -> Tensor:
    """Draws `[n]` from U(0, 1), float32, on the device of `like`; shared and supplied as those of `normal`.

    >>> with supplied(torch.zeros):
    ...     uniform(2)
    tensor([0.5000, 0.5000])
    """
    if _PLACED.get() is not None:
        share: Tensor = torch.special.ndtr(normal(n, 1, like=like)[:, 0])
        return share
    return own(torch.rand(rows_of_all(n), device=None if like is None else like.device))


def truncated(n: int, d: int, *, like: Tensor | None = None) -> Tensor:
    """Standard normal draws `[n, d]` that lie within two deviations, float32, on the device of `like`.

    >>> bool((truncated(9, 9).abs() <= 2).all())
    True
    """
    low = torch.special.ndtr(torch.tensor(-2.0)).item()
    share = torch.special.ndtr(normal(n, d, like=like))
    draws: Tensor = torch.special.ndtri(low + (1.0 - 2.0 * low) * share)
    return draws


def disturbed(x: Tensor, deviation: float) -> Tensor:
    """`x` `[B, ...]` with `truncated` noise of this deviation on every value; `x` itself when it is 0."""
    if not deviation:
        return x
    return x + deviation * truncated(len(x), x[0].numel(), like=x).view_as(x)


def generator(*parts: int | str) -> torch.Generator:
    """A CPU generator of its own for `key(*parts)`, for draws that must not touch the global one."""
    return torch.Generator().manual_seed(key(*parts))
