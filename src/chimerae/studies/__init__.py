"""Studies: grids of runs, trained and scored in parallel processes, and the page with their table."""

from __future__ import annotations

from chimerae.report.study import StudyPage
from chimerae.studies.cells import Cell, cells_of
from chimerae.studies.papers import STUDIES, study
from chimerae.studies.pool import Interrupted, conduct, cores
from chimerae.studies.records import slim
from chimerae.studies.results import write_page
from chimerae.studies.study import SCALES, Arm, Map, MetricColumn, Scale, Study, StudyResults, Verdict
from chimerae.studies.values import found_in

__all__ = [
    "SCALES",
    "STUDIES",
    "Arm",
    "Cell",
    "Interrupted",
    "Map",
    "MetricColumn",
    "Scale",
    "Study",
    "StudyPage",
    "StudyResults",
    "Verdict",
    "cells_of",
    "conduct",
    "cores",
    "found_in",
    "slim",
    "study",
    "write_page",
]
