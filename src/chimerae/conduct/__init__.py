"""Conducting a study: its cells as run folders, in parallel processes, and the page made of them."""

from __future__ import annotations

from chimerae.conduct.cells import Cell, cells_of
from chimerae.conduct.pool import Interrupted, conduct, cores
from chimerae.conduct.records import slim
from chimerae.conduct.results import write_page
from chimerae.conduct.values import found_in
from chimerae.report.study import StudyPage

__all__ = [
    "Cell",
    "Interrupted",
    "StudyPage",
    "cells_of",
    "conduct",
    "cores",
    "found_in",
    "slim",
    "write_page",
]
