"""What a study came to: values from run folders, the page in all its forms, and records small enough to
commit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from chimerae.conduct.cells import Cell
from chimerae.files import write_bytes, write_text
from chimerae.pictures import compact
from chimerae.report.compare import Named
from chimerae.report.figures import figure
from chimerae.report.films import kept, moving_corner
from chimerae.report.images import open_picture
from chimerae.report.read import RunFolder, Score, read_run
from chimerae.report.records import without_paths
from chimerae.report.study import Film, StudyPage, study_html, study_markdown
from chimerae.studies import Arm, Found, Study, Verdict
from chimerae.tables import Column, Line, Table, Values, csv_text, filled, latex, plural

DATA = "data"
"""Row of what fresh data score themselves."""
MOST_LINES = 24
"""Evenly chosen lines of the log that a record keeps."""
MOST_BYTES = 40_000
"""Largest picture of a record."""
FORMS = ("png", "webp")
PAGE = "README.md"


def write_page(
    study: Study, cells: Sequence[Cell], folder: Path, *, scale: str, command: str, html: bool = True
) -> StudyPage:
    """Write the page of `study` into `folder`, from the finished cells: `README.md`, `index.html` (unless
    `html` is False), `table.csv`, `table.tex` and pictures.

    The same cells give the same bytes.

    Raises:
        InputError: a cell is damaged, or the place cannot be written.
    """
    finished = [cell for cell in cells if cell.finished]
    runs = {cell.label: read_run(cell.folder) for cell in finished}
    found = found_in(finished)
    table = _table(study, [cell.arm for cell in cells], found)
    missing = tuple(cell.label for cell in cells if not cell.finished)
    page = StudyPage(
        name=study.name,
        about=study.about,
        source=study.source,
        method=study.method,
        command=without_paths(command),
        scale=scale,
        table=table,
        titles={shown.metric: shown.title for shown in study.shows},
        verdict=_verdict(study, found, cells, scale, missing),
        missing=missing,
        pictures=study.pictures,
        columns=study.columns,
        runs=tuple(Named(runs[cell.label], cell.label, cell.arm.title, "") for cell in finished),
        films=_films(finished, runs, folder) if study.learning else {},
    )
    _write(page, folder, html)
    return page


def slim(cell: Cell, folder: Path, *, pictures: Sequence[str] = ()) -> None:
    """Copy the records of a finished cell into `folder`: settings, scores, a short log, and small forms of
    its `pictures`, which are named by their kind.

    Such a folder counts as finished, so that a study goes on from records; it has no weights. Absolute paths
    are cut to their last part.
    """
    for name in ("run.json", "env.json", "data.json", "scores.json"):
        record = json.loads((cell.folder / name).read_text("utf-8"))
        write_text(folder / name, without_paths(json.dumps(record, indent=1, ensure_ascii=False)) + "\n")
    lines = (cell.folder / "log.jsonl").read_text("utf-8").splitlines()
    write_text(folder / "log.jsonl", "\n".join(_shortened(lines)) + "\n")
    drawn = read_run(cell.folder).pictures
    for kind in (kind for kind in pictures if kind in drawn):
        _put(folder / "pictures", kind, *compact(open_picture(drawn[kind]), MOST_BYTES))


def _put(folder: Path, kind: str, content: bytes, form: str) -> str:
    """Write a picture in place of any that is there in another format, and return its file's name."""
    for other in FORMS:
        (folder / f"{kind}.{other}").unlink(missing_ok=True)
    write_bytes(folder / f"{kind}.{form}", content)
    return f"{kind}.{form}"


def _shortened(lines: Sequence[str]) -> list[str]:
    """Some lines of a log: evenly chosen ones up to the last, and those after which the health word changes,
    so that the page tells the same of the short log as of the whole one.
    """
    stride = -(-len(lines) // MOST_LINES) or 1
    words = [json.loads(line).get("health") for line in lines]
    changes = {i for i, (a, b) in enumerate(pairwise(words)) if a != b}
    even = set(range(len(lines) - 1, -1, -stride))
    return [lines[i] for i in sorted(even | changes)]


def found_in(cells: Sequence[Cell]) -> Found:
    """The values of finished cells, by row and metric."""
    each: dict[tuple[str, str], list[float]] = {}
    for cell in cells:
        run = read_run(cell.folder)
        for score in run.scores:
            for row in _rows_of(cell.arm, score, run):
                each.setdefault((row, score.metric), []).append(score.value)
    for key in [key for key in each if key[0] == DATA]:
        each[key] = list(dict.fromkeys(each[key]))  # the same draw scores the same beside every run
    return Found({key: Values(tuple(values)) for key, values in each.items()})


def _films(finished: Sequence[Cell], runs: Mapping[str, RunFolder], folder: Path) -> dict[str, Film]:
    """How the first run of each arm learnt; where its sheets are gone, the film that the page has already."""
    films = {}
    for cell in {cell.arm.title: cell for cell in reversed(finished)}.values():
        file = f"learning/{cell.arm.slug}.webp"
        sheets = [sheet for sheet in runs[cell.label].snapshots if sheet.kind == "samples"]
        if shown := moving_corner(sheets) or kept(folder / file):
            films[cell.arm.title] = Film(file, shown)
    return dict(reversed(films.items()))


def _write(page: StudyPage, folder: Path, html: bool) -> None:
    named = {}
    for kind in page.pictures:
        if shown := figure(page.runs, kind, page.columns):
            named[kind] = _put(folder, kind, shown.content, shown.form)
    for film in page.films.values():
        write_bytes(folder / film.file, film.picture.content)
    write_text(folder / "table.csv", csv_text(page.table))
    write_text(folder / "table.tex", latex(page.table))
    if html:
        write_text(folder / "index.html", study_html(page))
    write_text(folder / PAGE, study_markdown(page, named))


def _verdict(study: Study, found: Found, cells: Sequence[Cell], scale: str, missing: Sequence[str]) -> str:
    arms, seeds = {cell.arm.title for cell in cells}, {cell.run.seed for cell in cells}
    groups = {cell.arm.group for cell in cells}
    every = study.arms("paper" if scale == "paper" else "quick")
    whole = {arm.title for arm in every if not study.by_group or arm.group in groups}
    if missing:
        said = Verdict("unclear", f"{len(missing)} of {plural(len(cells), 'run')} are not finished")
    elif arms != whole:
        said = Verdict("unclear", f"only {plural(len(arms), 'arm')} of {len(whole)} were asked for")
    elif len(seeds) < 2:
        said = Verdict("unclear", "a single seed has no spread")
    else:
        said = study.judge(found)
    return (
        f"{said.word.capitalize()} with the source: {said.why}."
        if said.word != "unclear"
        else f"Unclear: {said.why}."
    )


def _rows_of(arm: Arm, score: Score, run: RunFolder) -> list[str]:
    """Rows to which a score belongs."""
    if score.of == DATA:
        return [DATA]
    made = [other.of for other in run.scores if other.metric == score.metric and other.of != DATA]
    rows = [arm.title] if score.of == made[-1] else []
    return rows + ([f"{arm.title}: {score.of}"] if score.of in arm.networks else [])


def _table(study: Study, arms: Sequence[Arm], found: Found) -> Table:
    lines = [_line(study, found, arm, name) for arm in _once(arms) for name in _names(arm)]
    data = _line(study, found, None, DATA)
    if data.values:
        lines.append(data)
    return filled([Column(shown.title, shown.better) for shown in study.shows], lines)


def _line(study: Study, found: Found, arm: Arm | None, row: str) -> Line:
    """The row called `row`, of `arm` or, without one, of the data."""
    values = {s.title: found.values[row, s.metric] for s in study.shows if (row, s.metric) in found.values}
    source = {
        s.title: study.published[row, s.metric] for s in study.shows if (row, s.metric) in study.published
    }
    if arm is None:
        return Line("the data themselves", "", values, source, competes=False)
    return Line(row.removeprefix(f"{arm.group}, ") if arm.group else row, arm.group, values, source)


def _once(arms: Sequence[Arm]) -> list[Arm]:
    """Each arm once, in order."""
    return list({arm.title: arm for arm in arms}.values())


def _names(arm: Arm) -> list[str]:
    return [f"{arm.title}: {network}" for network in arm.networks] or [arm.title]
