"""Cost of a training step on this machine: its time, arithmetic, passes, kinds of work and memory."""

from __future__ import annotations

from chimerae.bench.measure import measure
from chimerae.bench.result import Bench

__all__ = ["Bench", "measure"]
