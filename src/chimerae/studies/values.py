"""Scores of finished cells by row and metric, and their table."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from chimerae.report.read import RunFolder, read_run
from chimerae.run_folder.scores import DATA, Score
from chimerae.studies.cells import Cell
from chimerae.studies.study import Arm, Study, StudyResults
from chimerae.tables import Column, Table, TableRow, Values, filled


def sets_of(cells: Sequence[Cell]) -> dict[str, str]:
    """The group of each arm, by its title, if there are several data sets; empty if all share one."""
    several = len({(cell.run.data, cell.run.prepare) for cell in cells}) > 1
    return {cell.arm.title: cell.arm.group for cell in cells} if several else {}


def found_in(cells: Sequence[Cell]) -> StudyResults:
    """The values of the finished cells, by row and metric.

    Rows are titles of arms, `title: network`, and `data`; where there are several data sets, `group, data`
    for each.
    """
    sets = sets_of(cells)
    of_models: dict[tuple[str, str], list[float]] = {}
    of_data: dict[tuple[str, str], list[float]] = {}
    for cell in (cell for cell in cells if cell.finished):
        run = read_run(cell.folder)
        data = data_row(sets.get(cell.arm.title, ""))
        for score in run.scores:
            if score.of == DATA:
                of_data.setdefault((data, score.metric), []).append(score.value)
            for row in _rows_of(cell.arm, score, run):
                of_models.setdefault((row, score.metric), []).append(score.value)
    # the same draw of data has the same score in every run
    once = {key: list(dict.fromkeys(values)) for key, values in of_data.items()}
    return StudyResults({key: Values(tuple(values)) for key, values in (of_models | once).items()})


def data_row(group: str = "") -> str:
    """The row of the data of a group, or of all."""
    return f"{group}, {DATA}" if group else DATA


def table_of(
    study: Study,
    arms: Sequence[Arm],
    found: StudyResults,
    unlike: Mapping[str, Collection[str]] | None = None,
) -> Table:
    """The table of `study`: a line for every row of `arms`, and for the data below the rows they belong to.

    Columns without a value, of ours or of the source, are left out. `unlike` maps a metric to the sets whose
    values cannot be compared.
    """
    there = {metric for _, metric in (*found.values, *study.published)}
    columns = [
        Column(shown.title, shown.better, (unlike or {}).get(shown.metric, ()))
        for shown in study.shows
        if shown.metric in there or not found.values
    ]
    return filled(columns, list(_lines(study, arms, found)))


def _lines(study: Study, arms: Sequence[Arm], found: StudyResults) -> Iterator[TableRow]:
    for group in dict.fromkeys(arm.group for arm in arms):
        for arm in {arm.title: arm for arm in arms if arm.group == group}.values():
            for row in [f"{arm.title}: {network}" for network in arm.networks] or [arm.title]:
                yield _line(study, found, row, row.removeprefix(f"{group}, ") if group else row, group)
        for name in (name for its, name in study.cited if its == group):
            row = f"{group}, {name}" if group else name
            yield _line(study, found, row, name, group, competes=False)
        if group:
            yield from _of_data(study, found, group)
    yield from _of_data(study, found, "")


def _of_data(study: Study, found: StudyResults, group: str) -> Iterator[TableRow]:
    line = _line(study, found, data_row(group), "the data themselves", group, competes=False)
    if line.values:
        yield line


def _line(
    study: Study, found: StudyResults, row: str, name: str, group: str, *, competes: bool = True
) -> TableRow:
    shown = [(s.title, (row, s.metric)) for s in study.shows]
    values = {title: found.values[key] for title, key in shown if key in found.values}
    source = {title: study.published[key] for title, key in shown if key in study.published}
    return TableRow(name, group, values, source, competes=competes)


def _rows_of(arm: Arm, score: Score, run: RunFolder) -> list[str]:
    """Rows to which a score of one of the networks belongs."""
    if score.of == DATA:
        return []
    made = [other.of for other in run.scores if other.metric == score.metric and other.of != DATA]
    rows = [arm.title] if score.of == made[-1] else []
    return rows + ([f"{arm.title}: {score.of}"] if score.of in arm.networks else [])
