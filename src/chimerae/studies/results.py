"""The page of a study in all its forms, made from run folders."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from chimerae.files import write_bytes, write_text
from chimerae.report.compare import LabelledRun, first_of_each
from chimerae.report.figures import figure
from chimerae.report.films import kept, moving_corner
from chimerae.report.protocol import unlike
from chimerae.report.read import read_run
from chimerae.report.records import without_paths
from chimerae.report.study import Film, Shown, StudyPage, scores_of, study_html, study_markdown
from chimerae.studies.cells import Cell
from chimerae.studies.map import map_of
from chimerae.studies.records import put
from chimerae.studies.study import Study, StudyResults, Verdict
from chimerae.studies.values import found_in, sets_of, table_of
from chimerae.tables import FEWEST, csv_text, latex, plural

PAGE = "README.md"


def write_page(
    study: Study, cells: Sequence[Cell], folder: Path, *, scale: str, command: str, html: bool = True
) -> StudyPage:
    """Write the page of `study` into `folder`, from the finished cells: `README.md`, `index.html` (unless
    `html` is False), `table.csv`, `table.tex` and pictures.

    The same cells and existing films give the same bytes.

    Raises:
        InputError: a cell is damaged, or the folder cannot be written.
    """
    finished = [cell for cell in cells if cell.finished]
    page, found = _measured(study, cells, finished, scale, without_paths(command))
    arms = list({cell.arm.title: cell.arm for cell in cells}.values())
    figures = {Shown("map"): map_of(study, arms, found)}
    figures |= {
        Shown(kind, data): figure(runs, kind, study.columns)
        for kind in study.pictures
        for data, runs in _by_set(page).items()
    }
    page = replace(
        page,
        figures={which: picture for which, picture in figures.items() if picture},
        films=_films(finished, page.runs, folder) if study.learning else {},
    )
    _write(page, folder, html)
    return page


def _measured(
    study: Study, cells: Sequence[Cell], finished: Sequence[Cell], scale: str, command: str
) -> tuple[StudyPage, StudyResults]:
    """The page without its pictures, and the values in its table."""
    runs = tuple(LabelledRun(read_run(cell.folder), cell.label, cell.arm.title, "") for cell in finished)
    found, sets = found_in(cells), sets_of(cells)
    scores = scores_of(runs, sets)
    different = {show.metric: which for show in study.shows if (which := unlike(scores, show.metric))}
    page = StudyPage(
        name=study.name,
        about=study.about,
        source=study.source,
        method=study.method,
        command=command,
        scale=scale,
        table=table_of(study, [cell.arm for cell in cells], found, different),
        titles={shown.metric: shown.title for shown in study.shows},
        verdict=_verdict(study, cells, scale, different),
        missing=tuple(cell.label for cell in cells if not cell.finished),
        columns=study.columns,
        runs=runs,
        sets=sets,
        older=tuple(map(_older, (cell for cell in finished if cell.differences))),
    )
    return page, found


def _by_set(page: StudyPage) -> dict[str, list[LabelledRun]]:
    """The runs of each data set; all under '' where there is one."""
    found: dict[str, list[LabelledRun]] = {}
    for entry in page.runs:
        found.setdefault(page.sets.get(entry.group, ""), []).append(entry)
    return found


def _older(cell: Cell) -> str:
    """The settings in which a record differs from the study."""
    told = (f"{name} {there} instead of {asked}" for name, (there, asked) in cell.differences.items())
    return f"{cell.label}: {', '.join(told)}"


def _films(finished: Sequence[Cell], runs: Sequence[LabelledRun], folder: Path) -> dict[str, Film]:
    """Films of the first run of each arm; where its previews are gone, the film already on the page."""
    slugs = {cell.arm.title: cell.arm.slug for cell in finished}
    films = {}
    for entry in first_of_each(runs):
        file = f"learning/{slugs[entry.group]}.webp"
        sheets = [sheet for sheet in entry.run.snapshots if sheet.kind == "samples"]
        if shown := moving_corner(sheets) or kept(folder / file):
            films[entry.group] = Film(file, shown)
    return films


def _write(page: StudyPage, folder: Path, html: bool) -> None:
    named = {
        which: put(folder, which.slug, shown.content, shown.form) for which, shown in page.figures.items()
    }
    for film in page.films.values():
        write_bytes(folder / film.file, film.picture.content)
    write_text(folder / "table.csv", csv_text(page.table))
    write_text(folder / "table.tex", latex(page.table))
    if html:
        write_text(folder / "index.html", study_html(page))
    write_text(folder / PAGE, study_markdown(page, named))


def _verdict(
    study: Study, cells: Sequence[Cell], scale: str, different: Mapping[str, Collection[str]]
) -> str:
    said = _said(study, cells, scale, different)
    told = f"{said.word.capitalize()} with the source" if said.word != "unclear" else "Unclear"
    return f"{told}: {said.why}."


def _said(
    study: Study, cells: Sequence[Cell], scale: str, different: Mapping[str, Collection[str]]
) -> Verdict:
    """Verdict of the finished runs; where groups are independent, of the groups that are complete."""
    missing = [cell for cell in cells if not cell.finished]
    begun = {cell.arm.group for cell in missing} if study.by_group else set()
    whole = [cell for cell in cells if cell.arm.group not in begun]
    if begun and whole:
        said = _said(study, whole, scale, different)
        left_out = f"{', '.join(sorted(begun))}: {plural(len(missing), 'run')} not finished"
        return Verdict(said.word, f"{said.why} ({left_out})")
    if missing:
        return Verdict("unclear", f"{len(missing)} of {plural(len(cells), 'run')} are not finished")
    arms, groups = {cell.arm.title for cell in cells}, {cell.arm.group for cell in cells}
    every = study.arms("paper" if scale == "paper" else "quick")
    wanted = {arm.title for arm in every if not study.by_group or arm.group in groups}
    if arms != wanted:
        return Verdict("unclear", f"only {plural(len(arms), 'arm')} of {len(wanted)} were asked for")
    seeds = len({cell.run.seed for cell in cells})
    if seeds < 2:
        return Verdict("unclear", "a single seed has no spread")
    if different:
        return Verdict("unclear", f"measured differently from run to run: {', '.join(different)}")
    said = study.verdict(found_in(cells))
    if seeds < FEWEST:
        return Verdict("unclear", f"{seeds} seeds are too few for a test; so far: {said.why}")
    if older := list(dict.fromkeys(cell.arm.title for cell in cells if cell.differences)):
        return Verdict("unclear", f"{', '.join(older)}: runs of older settings; so far: {said.why}")
    return said
