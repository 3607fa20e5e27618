"""A case, and the function that lets the peer's code play it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.peers.duel import Case, Duel


@dataclass(frozen=True)
class Start:
    case: Case
    train: Callable[[Duel], None]
    """Runs the peer's training until `Finished` is raised in it."""
