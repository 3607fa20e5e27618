"""Sources that are opened once: within a block their files are walked, and their headers read, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, TypeVar

T = TypeVar("T")
What = Literal["source", "headers"]

_BLOCK: ContextVar[dict[tuple[What, str], Any] | None] = ContextVar("opened once", default=None)


@contextmanager
def opened_once() -> Iterator[None]:
    """Open every source at most once while the block runs; usable as a decorator.

    Changes of files within the block go unnoticed. Nested blocks share their sources.
    """
    if _BLOCK.get() is not None:
        yield
        return
    token = _BLOCK.set({})
    try:
        yield
    finally:
        _BLOCK.reset(token)


def once(what: What, source: str, make: Callable[[], T]) -> T:
    """The result of `make` for a source, or its earlier result in this block."""
    known = _BLOCK.get()
    if known is None:
        return make()
    if (what, source) not in known:
        known[what, source] = make()
    found: T = known[what, source]
    return found


def drop(source: str) -> None:
    """Let go of an open source, which may hold arrays or many paths in memory; its headers stay."""
    (_BLOCK.get() or {}).pop(("source", source), None)
