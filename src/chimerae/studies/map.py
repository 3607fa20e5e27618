"""The map of a study: its rows on two axes, a panel for each group."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from chimerae.pictures import Mark, Panel, panorama, png
from chimerae.report.images import Picture
from chimerae.studies.study import Arm, MetricColumn, Study, StudyResults
from chimerae.studies.values import data_row
from chimerae.tables import Values


def map_of(study: Study, arms: Sequence[Arm], found: StudyResults) -> Picture | None:
    """The map of the results `found`; None if the study lacks a map, or rows to place on it."""
    chart = study.map
    if chart is None:
        return None
    panels = []
    for group in dict.fromkeys(arm.group for arm in arms):
        rows, y = _rows([arm for arm in arms if arm.group == group], group), chart.vertical(group)
        marks = [mark for row, name in rows.items() if (mark := _mark(found, row, name, chart.x, y))]
        keys = [(row, y.metric) for row in (data_row(group), data_row())]
        data = next((found(*key).mean for key in keys if key in found.values), None)
        level = {} if data is None else {"data": data}
        if marks:
            title = f"{group}: {y.title}" if chart.y_of else group
            panels.append(Panel(title, marks, {"mean image": chart.centre}, level))
    if not panels:
        return None
    image = panorama(
        panels,
        below=f"{chart.x.title} (left is better)",
        beside="realism of samples (down is better)" if chart.y_of else f"{chart.y.title} (down is better)",
        edge="no encoder",
    )
    return Picture(png(image), *image.size, "", labelled=True, form="png")


def _rows(arms: Sequence[Arm], group: str) -> dict[str, str]:
    """Rows of arms by their titles in `StudyResults`, and their names within the group."""
    rows = [f"{arm.title}: {network}" for arm in arms for network in arm.networks]
    rows += [arm.title for arm in arms if not arm.networks]
    return {row: row.removeprefix(f"{group}, ") if group else row for row in dict.fromkeys(rows)}


def _mark(found: StudyResults, row: str, name: str, across: MetricColumn, up: MetricColumn) -> Mark | None:
    x, y = (found.values.get((row, shown.metric)) for shown in (across, up))
    if y is None:
        return None
    return Mark(name, None if x is None else x.mean, y.mean, _spread(x), _spread(y))


def _spread(values: Values | None) -> float:
    """Their deviation; 0 where there is none."""
    return values.spread if values is not None and isfinite(values.spread) else 0.0
