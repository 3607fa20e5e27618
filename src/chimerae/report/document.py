"""The committed form of a report: a Markdown page, with small pictures and records of its runs beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from chimerae.files import write_bytes, write_text
from chimerae.report import facts
from chimerae.report.compare import LabelledRun, Setting, name_runs, settings_of
from chimerae.report.judged import judged
from chimerae.report.numbers import Numbers, glossary, numbers
from chimerae.report.page import CAPTIONS, commands, heading, read_all
from chimerae.report.records import PageFile, folder_of, keep, without_paths
from chimerae.report.scores import ScoreCell, ScoreTable, absent_scores, score_tables
from chimerae.tables import code, fenced, markdown_table, plain

README: Final = "README.md"
INCOMPARABLE: Final = (
    "Values of one column with different letters were measured differently: they do not compare."
)


def write_results(runs: Sequence[Path], folder: Path, *, page: str = README) -> None:
    """Write `page` into `folder`, and beside it pictures and records of each run: some hundred kilobytes.

    These go into `folder` itself, or into a folder named like the page if it is no README. Absolute paths are
    cut to their last part, since the rest is of no use on another machine. Everything is made before the
    first file is written, and the page is written last. The same run folders give the same bytes.

    Raises:
        InputError: no runs, a folder that is no run or is damaged, or a `folder` that cannot be written.
    """
    named = name_runs(read_all(runs))
    beside = "" if page.lower() == README.lower() else f"{Path(page).stem}/"
    kept = keep(named)
    text = document(named, kept, beside)
    for file in kept:
        write_bytes(folder / beside / file.name, file.content)
    write_text(folder / page, text)


def document(named: Sequence[LabelledRun], kept: Sequence[PageFile], beside: str = "") -> str:
    """The Markdown page; `beside` is put before the names of the files `kept`."""
    runs = [entry.run for entry in named]
    asked = "\n".join(without_paths(command) for command in commands(runs))
    differing = [setting for setting in settings_of(runs) if setting.differs]
    table = numbers(named)
    parts = [
        f"# {plain(heading(named))}",
        *_verdicts(named),
        "Made by `chimerae report` from run folders alone; no number is typed by hand.",
        fenced(asked, "sh") if asked else "",
        "## Four numbers",
        *(_four(table) if table else ["Not evaluated yet."]),
        "## What it looks like",
        *_looks(named, kept, beside),
        *_all_scores(named),
        "## What was run",
        _facts(named, facts.ran(named)),
        "## Is it healthy",
        "\n".join(f"- {plain(entry.label)}: {plain(_health(entry))}" for entry in named),
        *(
            _image(file, beside, "Losses and logged quantities over steps")
            for file in _of(kept, "", "curves")
        ),
        "## Cost",
        _facts(named, facts.cost(named)),
        *(["## What differs", _facts(named, differing)] if differing else []),
        "## Records",
        "\n".join(_records(named, kept, beside)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _verdicts(named: Sequence[LabelledRun]) -> Iterator[str]:
    for told in judged(named):
        text = f"{told.label}: {told.text}" if len(named) > 1 else told.text
        yield " ".join([f"**{plain(text)}**", *(_coded(without_paths(state)) for state in told.states)])


def _four(table: Numbers) -> Iterator[str]:
    head = ["", "", *(f"{quantity}: {hint}" for quantity, hint in table.columns)]
    rows = [
        [
            *_names(row.run if row.first else "", row.network),
            *(f"{c.text} {c.note}".strip() for c in row.cells),
        ]
        for row in table.rows
    ]
    yield _table(head, rows, left=2)
    yield glossary(table)


def _all_scores(named: Sequence[LabelledRun]) -> Iterator[str]:
    """Tables by kind, folded, and the reasons for absent scores."""
    tables = score_tables(named)
    if not tables:
        return
    yield "<details><summary>All scores, and how they were measured</summary>"
    for kind, table in tables.items():
        yield f"### {kind}"
        yield from _scores(table)
    yield " ".join(dict.fromkeys(table.boldness for table in tables.values()))
    if absent := absent_scores(named):
        yield (
            "Not computed: "
            + "; ".join(f"{plain(names)} ({plain(why)})" for names, why in absent.items())
            + "."
        )
    yield "</details>"


def _scores(table: ScoreTable) -> Iterator[str]:
    rows = [
        [*_names(row.run if row.first else "", row.network), *(_value(cell) for cell in row.cells)]
        for row in table.rows
    ]
    yield _table(["run", "network", *table.columns], rows, left=2)
    if table.common:
        yield f"All values: {plain(table.common)}."
    if table.own:
        yield " ".join(f"{plain(column)}: {plain(told)}." for column, told in table.own)
    if table.marks:
        told = " ".join(f"<sup>{mark}</sup> {plain(told)}." for mark, told in table.marks)
        yield f"{told} {INCOMPARABLE}"


def _value(cell: ScoreCell) -> str:
    text = f"**{cell.text}**" if cell.bold else cell.text
    mark = f"<sup>{cell.mark}</sup>" if cell.mark else ""
    return " ".join(filter(None, [text, cell.spread])) + mark


def _looks(named: Sequence[LabelledRun], kept: Sequence[PageFile], beside: str) -> Iterator[str]:
    for file in _of(kept, "", "compared"):
        yield "### Side by side"
        yield "The same test images through every network."
        yield _image(file, beside, "One row of originals, then one row per run and network")
    titles = CAPTIONS | {"learning": "Reconstructions while learning"}
    kinds = dict.fromkeys(file.kind for file in kept if file.run and file.kind)
    for kind in kinds:
        yield f"### {plain(titles.get(kind, kind))}"
        for entry in named:
            for file in _of(kept, entry.label, kind):
                yield plain(entry.label) + (f" ({file.note})" if file.note else "")
                yield _image(file, beside, f"{titles.get(kind, kind)}, {entry.label}")


def _health(entry: LabelledRun) -> str:
    if not entry.run.log:
        return "nothing was logged yet"
    ailments = facts.ailments(entry.run)
    return "; ".join([*ailments, "otherwise ok"]) if ailments else "ok from the first to the last logged step"


def _records(named: Sequence[LabelledRun], kept: Sequence[PageFile], beside: str) -> Iterator[str]:
    for entry in named:
        files = [file for file in kept if file.run == entry.label and not file.kind]
        links = ", ".join(f"[{Path(file.name).name}]({_address(beside + file.name)})" for file in files)
        yield f"- {plain(entry.label)} (`{folder_of(entry.label)}`): {links}"


def _facts(named: Sequence[LabelledRun], rows: Sequence[Setting]) -> str:
    names = [entry.label for entry in named] if len(named) > 1 else [""]
    return _table(
        ["", *names],
        [[plain(row.name), *(plain(without_paths(value)) for value in row.values)] for row in rows],
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int | None = None) -> str:
    """A Markdown table under a head of plain words; see `markdown_table`."""
    return markdown_table([plain(cell) for cell in head], rows, left)


def _names(*texts: str) -> list[str]:
    return [plain(text) for text in texts]


def _coded(text: str) -> str:
    """A sentence with commands in backticks."""
    return "".join(code(part) if i % 2 else _apart(part) for i, part in enumerate(text.split("`")))


def _apart(part: str) -> str:
    """A part of a sentence with the spaces around it."""
    before, after = (" " if edge == " " else "" for edge in (part[:1], part[-1:]))
    return f"{before}{plain(part)}{after}" if part.strip() else part


def _of(kept: Sequence[PageFile], run: str, kind: str) -> list[PageFile]:
    return [file for file in kept if (file.run, file.kind) == (run, kind)]


def _address(name: str) -> str:
    """The name of a file as the target of a link."""
    return quote(name, errors="surrogateescape")


def _image(file: PageFile, beside: str, alt: str) -> str:
    return f"![{plain(alt)}]({_address(beside + file.name)})"
