"""What a step of a method costs on this machine, and where its time goes."""

from __future__ import annotations

from chimerae.bench.measure import Bench, measure

__all__ = ["Bench", "measure"]
