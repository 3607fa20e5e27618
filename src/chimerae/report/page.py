"""One self-contained HTML page about one run, or about several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from chimerae.errors import InputError
from chimerae.files import write_text
from chimerae.report import charts, facts
from chimerae.report.compare import LabelledRun, first_of_each, name_runs, settings_of
from chimerae.report.films import moving
from chimerae.report.images import (
    COMPARED,
    Picture,
    as_learnt,
    picture,
    side_by_side,
    spread_out,
    tells_all,
)
from chimerae.report.judged import judged
from chimerae.report.names import listed
from chimerae.report.numbers import glossary, numbers
from chimerae.report.read import KINDS, RunFolder, read_run
from chimerae.report.scores import absent_scores, score_tables
from chimerae.report.template import rendered

FIRST = ("reconstructions", "samples", "scatter")
"""Kinds of pictures that stand right below the verdict."""

CAPTIONS = {
    "reconstructions": "Reconstructions",
    "train-reconstructions": "Reconstructions of training images",
    "samples": "Samples",
    "interpolation": "Interpolation",
    "neighbours": "Samples, and the training images nearest to them",
    "manifold": "A plane of codes",
    "scatter": "Points of the data, and samples",
    "codes": "Codes",
    "units": "Information in each dimension of the code",
}


@dataclass(frozen=True)
class Gallery:
    """Pictures of one kind, one or more per run."""

    title: str
    pictures: tuple[Picture, ...]

    @property
    def narrow(self) -> bool:
        """True when none is much wider than high: two then fit beside each other."""
        return all(p.width <= 1.6 * p.height for p in self.pictures)


@dataclass(frozen=True)
class Chart:
    """A drawn panel."""

    title: str
    hint: str
    svg: Markup


def write_report(runs: Sequence[Path], out: Path) -> None:
    """Write the page about the run folders `runs` to `out`. The same folders give the same bytes.

    Raises:
        InputError: no runs, a folder that is no run or is damaged, or a page that cannot be written.
    """
    write_text(out, page(read_all(runs)))


def read_all(runs: Sequence[Path]) -> list[RunFolder]:
    """All run folders, in the given order; one given twice counts once."""
    folders = list(dict.fromkeys(Path(run).resolve() for run in runs))
    if not folders:
        raise InputError("no run folder given; give at least one folder that `chimerae train` made")
    given = {Path(run).resolve(): Path(run) for run in reversed(runs)}
    return [read_run(given[folder]) for folder in folders]


def page(runs: Sequence[RunFolder]) -> str:
    """The page as text."""
    named = name_runs(runs)
    settings, compared, table = settings_of(runs), side_by_side(named), numbers(named)
    return rendered(
        "page.html",
        title=heading(named),
        named=named,
        several=len(named) > 1,
        verdicts=judged(named),
        numbers=table,
        glossary=glossary(table),
        evaluated=any(entry.run.scores for entry in named),
        trained=not all(entry.run.is_judged for entry in named),
        ran=facts.ran(named),
        tables=score_tables(named),
        absent=absent_scores(named),
        compared=compared,
        looks=first_looks(named, COMPARED if compared and tells_all(named) else ""),
        galleries=galleries(named, FIRST),
        learning=learning(named),
        health=[(entry, facts.health(entry.run), facts.ailments(entry.run)) for entry in named],
        charts=charts_of(named),
        legend={entry.colour: entry.group for entry in named},
        cost=facts.cost(named),
        environment=facts.environment(named),
        commands=commands(runs),
        settings=settings,
        differing=[setting for setting in settings if setting.differs],
    )


def heading(named: Sequence[LabelledRun]) -> str:
    """The title of a page: methods and data."""
    methods = listed(_written(entry.run) for entry in named)
    sources = listed(Path(entry.run.source).name for entry in named)
    return f"{methods} on {sources}"


def _written(run: RunFolder) -> str:
    """The method in capitals; the name of a model of others as it is."""
    return run.method if run.is_judged else run.method.upper()


def commands(runs: Sequence[RunFolder]) -> list[str]:
    """Commands that made the runs, each once."""
    return list(dict.fromkeys(str(run.record["command"]) for run in runs if run.record.get("command")))


def galleries(named: Sequence[LabelledRun], left_out: Sequence[str] = ()) -> list[Gallery]:
    """Pictures of the evaluation, a gallery per kind except those `left_out`, a picture per run."""
    kinds = dict.fromkeys([*KINDS, *(kind for entry in named for kind in entry.run.pictures)])
    found = []
    for kind in kinds:
        shown = tuple(
            picture(entry.run.pictures[kind], entry.label, entry.colour)
            for entry in named
            if kind in entry.run.pictures and kind not in left_out
        )
        if shown:
            found.append(Gallery(CAPTIONS.get(kind, kind), shown))
    return found


def first_looks(named: Sequence[LabelledRun], left_out: str = "") -> list[Gallery]:
    """Reconstructions and samples of every run; the newest sheet of a run that was not evaluated."""
    found = []
    for kind in FIRST:
        if kind == left_out:
            continue
        shown = tuple(look for entry in named if (look := _look(entry, kind)) is not None)
        if shown:
            found.append(Gallery(CAPTIONS[kind], shown))
    return found


def _look(entry: LabelledRun, kind: str) -> Picture | None:
    if kind in entry.run.pictures:
        return picture(entry.run.pictures[kind], entry.label, entry.colour)
    sheets = [s for s in entry.run.snapshots if s.kind == kind]
    if not sheets or entry.run.pictures:
        return None
    newest = max(sheets, key=lambda s: s.step)
    return picture(newest.path, f"{entry.label}, step {newest.step:,}", entry.colour)


def learning(named: Sequence[LabelledRun]) -> list[tuple[LabelledRun, list[Gallery]]]:
    """A few pictures of each run from first step to last; of runs that differ only by the seed, the first."""
    return [
        (
            entry,
            [_progress(entry, kind) for kind in dict.fromkeys(s.kind for s in entry.run.snapshots[::-1])],
        )
        for entry in first_of_each([entry for entry in named if entry.run.snapshots])
    ]


def _progress(entry: LabelledRun, kind: str) -> Gallery:
    """Snapshots of one kind: rows are put under one another, everything else is shown one by one."""
    chosen = spread_out(entry.run.snapshots, kind)
    if rows := as_learnt(chosen):
        return Gallery(f"{CAPTIONS.get(kind, kind)} ({rows.caption})", (rows,))
    film = moving([s for s in entry.run.snapshots if s.kind == kind])
    shown = tuple(picture(s.path, f"step {s.step:,}") for s in chosen)
    return Gallery(CAPTIONS.get(kind, kind), shown if film is None else (film, *shown))


def charts_of(named: Sequence[LabelledRun]) -> list[Chart]:
    """Panels of losses and logged means, each with the curves of all runs."""
    shown = charts.panels([entry.run for entry in named], [entry.colour for entry in named])
    return [
        Chart(panel.title, panel.hint, Markup(charts.svg(panel, f"c{i}"))) for i, panel in enumerate(shown)
    ]
