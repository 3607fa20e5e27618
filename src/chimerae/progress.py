"""Interface by which work reports its progress to any listener."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as work goes on."""

    def __call__(self, done: int, total: int, what: str, left: float | None = None) -> None:
        """`done` of `total` units (`total` 0: unknown) of `what` (a short plural noun, such as "images").

        `left` is the number of seconds to the end, for work whose units take unequal times; None: unknown.
        """
        ...


def silent(done: int, total: int, what: str, left: float | None = None) -> None:
    """Discard the report."""
