"""The page of a study: its question, table, verdict, pictures and runs, as Markdown and as HTML."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

from chimerae.files import slug
from chimerae.report import facts
from chimerae.report.compare import NOT_SET, LabelledRun
from chimerae.report.images import Picture
from chimerae.report.protocol import protocols
from chimerae.report.records import without_paths
from chimerae.report.template import rendered
from chimerae.run_folder.fields import section
from chimerae.run_folder.scores import Score
from chimerae.tables import ALPHA, FEWEST, Table, markdown, markdown_table, plain

OWN_CAPTIONS: Final = {
    "map": "Fidelity against realism",
    "train-reconstructions": "Reconstructions of training images, of the first seed",
    "scatter": "Points of the first seed",
}
"""Captions of pictures whose kind is no title; others are `Kind of the first seed`."""
LEARNING: Final = "Samples while the first seed learns"


@dataclass(frozen=True)
class Shown:
    """A picture of the page: its kind and, where the study has several, the data set."""

    kind: str
    data: str = ""

    @property
    def slug(self) -> str:
        """The stem of its file.

        >>> Shown("samples", "MNIST").slug, Shown("map").slug
        ('samples-mnist', 'map')
        """
        return slug(f"{self.kind} {self.data}")

    @property
    def caption(self) -> str:
        """Its title.

        >>> Shown("samples", "MNIST").caption
        'Samples of the first seed: MNIST'
        """
        told = OWN_CAPTIONS.get(self.kind, f"{self.kind.capitalize()} of the first seed")
        return f"{told}: {self.data}" if self.data else told


@dataclass(frozen=True)
class Film:
    """A film beside the page."""

    file: str
    """Its path relative to the page."""
    picture: Picture


@dataclass(frozen=True)
class StudyPage:
    """Content of the page."""

    name: str
    about: str
    source: str
    method: str
    command: str
    scale: str
    table: Table
    titles: Mapping[str, str]
    """Metrics and the titles of their columns."""
    verdict: str
    missing: tuple[str, ...]
    """Runs that are not finished."""
    columns: int
    runs: tuple[LabelledRun, ...]
    """Finished runs; `group` is the arm."""
    older: tuple[str, ...] = ()
    """Finished runs with other settings than the study has now, and these settings."""
    sets: Mapping[str, str] = field(default_factory=dict)
    """The set of each arm, by its title, where sets have data of their own; empty where all have the same."""
    figures: Mapping[Shown, Picture] = field(default_factory=dict)
    """Pictures of all arms, put together."""
    films: Mapping[str, Film] = field(default_factory=dict)
    """Film of an arm's first run as it learnt, by the arm's title."""

    @property
    def scores(self) -> dict[str, list[Score]]:
        """All scores, by the set of rows that they belong to."""
        return scores_of(self.runs, self.sets)

    @property
    def told(self) -> list[str]:
        """Protocols of the values, and reasons why columns are empty."""
        return [*protocols(self.scores, self.titles), *self._empty()]

    def _empty(self) -> Iterator[str]:
        there = {score.metric for entry in self.runs for score in entry.run.scores}
        reasons: dict[str, list[str]] = {}
        for metric, title in self.titles.items():
            if metric not in there and (reason := self._absence(metric)):
                reasons.setdefault(reason, []).append(title)
        for reason, titles in reasons.items():
            yield f"{', '.join(titles)}: empty, {without_paths(reason)}."

    def _absence(self, metric: str) -> str:
        """Most frequent reason why runs lack a metric; '' when none gives one."""
        name = metric.partition("[")[0]  # FD-classifier of other labels is absent under its plain name
        told = (section(entry.run.scores_record, "absent").get(name) for entry in self.runs)
        counted = Counter(str(reason) for reason in told if reason)
        return counted.most_common(1)[0][0] if counted else ""

    @property
    def heading(self) -> str:
        """The title."""
        return f"Study {self.name}"

    @property
    def boldness(self) -> str:
        """Reason why something is bold, or why nothing is."""
        if self.table.emphasised:
            leads = self.table.leads
            told = (" ".join(filter(None, (lead.group, lead.column, lead.versus))) for lead in leads)
            return f"Bold: best of its set, by Welch's t test against the second ({'; '.join(told)})."
        marked = " in a column without †" if any(column.unlike for column in self.table.columns) else ""
        return (
            f"Nothing is bold: no lead{marked} over the second has p below {ALPHA} in Welch's t test with "
            f"{FEWEST} runs or more each."
        )


def scores_of(runs: Sequence[LabelledRun], sets: Mapping[str, str]) -> dict[str, list[Score]]:
    """All scores, by the set of rows that the run's arm belongs to; '' where there are no sets."""
    found: dict[str, list[Score]] = {}
    for entry in runs:
        found.setdefault(sets.get(entry.group, ""), []).extend(entry.run.scores)
    return found


def study_markdown(page: StudyPage, pictures: Mapping[Shown, str]) -> str:
    """The page in Markdown; `pictures` are names of files beside it."""
    parts = [
        f"# {page.heading}",
        f"**{page.about}** ({page.source})",
        "Made by `chimerae study` from run folders alone; no number is typed by hand.",
        f"```sh\n{page.command}\n```",
        f"Scale: `{page.scale}`.",
        page.method,
        "## Table",
        markdown(page.table) if page.runs else "No run is finished yet.",
        *page.told,
        page.boldness,
        *(f"## {which.caption}\n\n![{which.caption}]({name})" for which, name in pictures.items()),
        *_moving_pictures(page),
        "## Runs",
        markdown_table(
            RUN_HEAD, [[label, *map(plain, rest)] for label, *rest in map(_run, page.runs)], left=1
        ),
        *([f"Not finished: {'; '.join(page.missing)}."] if page.missing else []),
        *([f"Older settings: {'; '.join(page.older)}."] if page.older else []),
        *map(plain, _ailments(page.runs)),
        "## Verdict",
        page.verdict,
    ]
    return "\n\n".join(parts) + "\n"


def study_html(page: StudyPage) -> str:
    """The same page as self-contained HTML."""
    return rendered(
        "study.html",
        page=page,
        method=_paragraphs(page.method),
        rows=list(zip(page.table.lines, page.table.entries, strict=True)),
        arrows={"higher": "↑", "lower": "↓", "": ""},
        told=page.told,
        figures=[(which.caption, picture) for which, picture in page.figures.items()],
        learning=LEARNING,
        run_head=RUN_HEAD,
        runs=[_run(entry) for entry in page.runs],
        ailments=list(_ailments(page.runs)),
    )


def _moving_pictures(page: StudyPage) -> Iterator[str]:
    """Films side by side, each under its name."""
    named = list(page.films.items())
    if not named:
        return
    yield f"## {LEARNING}"
    for i in range(0, len(named), page.columns):
        titles, films = zip(*named[i : i + page.columns], strict=True)
        yield markdown_table(titles, [[f"![{t}]({f.file})" for t, f in zip(titles, films, strict=True)]])


RUN_HEAD: Final = ("run", "steps", "training time", "device", "commit")


def _run(entry: LabelledRun) -> list[str]:
    run = entry.run
    named = [entry]
    took = next(s.values[0] for s in facts.cost(named) if s.name == "training time")
    device = next(s.values[0] for s in facts.cost(named) if s.name == "device")
    return [entry.label, f"{run.reached:,}", took, device, str(run.env.get("commit") or NOT_SET)]


def _ailments(runs: Sequence[LabelledRun]) -> Iterator[str]:
    ill = [f"{entry.label}: {'; '.join(told)}" for entry in runs if (told := facts.ailments(entry.run))]
    if not runs:
        return
    yield "Health: " + (". ".join(ill) + "; otherwise ok." if ill else "ok in all runs.")


def _paragraphs(text: str) -> list[Markup]:
    """Markdown paragraphs with `code` as HTML."""
    parts = []
    for paragraph in text.split("\n\n"):
        pieces = paragraph.split("`")
        escaped = [html.escape(piece) for piece in pieces]
        parts.append(Markup("".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(escaped))))
    return parts
