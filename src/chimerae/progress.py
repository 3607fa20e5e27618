"""Interface by which work reports its progress to any listener."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as work goes on."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """`done` of `total` units (`total` 0: unknown) of `what` (a short plural noun, such as "images")."""
        ...


def silent(done: int, total: int, what: str) -> None:
    """Discard the report."""
