"""Studies: grids of runs, trained and scored side by side, and the page with their table."""

from __future__ import annotations

from chimerae.report.study import StudyPage
from chimerae.studies.cells import Cell, cells_of
from chimerae.studies.executors import PLACES, Executor, Place, Resources, cores
from chimerae.studies.executors.local import Local
from chimerae.studies.forecast import Forecast
from chimerae.studies.papers import STUDIES, study
from chimerae.studies.pool import Interrupted, conduct
from chimerae.studies.records import slim
from chimerae.studies.resources import Shares
from chimerae.studies.results import write_page
from chimerae.studies.study import SCALES, Arm, Map, MetricColumn, Scale, Study, StudyResults, Verdict
from chimerae.studies.values import found_in

__all__ = [
    "PLACES",
    "SCALES",
    "STUDIES",
    "Arm",
    "Cell",
    "Executor",
    "Forecast",
    "Interrupted",
    "Local",
    "Map",
    "MetricColumn",
    "Place",
    "Resources",
    "Scale",
    "Shares",
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
