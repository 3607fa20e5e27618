"""Processes that train one run together: each plays its own rows of every batch (`docs/parallel.md`)."""

from __future__ import annotations

from chimerae.parallel.group import ALONE, Group, Lost
from chimerae.parallel.joining import in_turns, joined
from chimerae.parallel.norms import share_statistics, statistics
from chimerae.parallel.rows import average, count, current, everyone, own, rows_of, sharing, total
from chimerae.processes import Place, place

__all__ = [
    "ALONE",
    "Group",
    "Lost",
    "Place",
    "average",
    "count",
    "current",
    "everyone",
    "in_turns",
    "joined",
    "own",
    "place",
    "rows_of",
    "share_statistics",
    "sharing",
    "statistics",
    "total",
]
