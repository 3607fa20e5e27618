"""The same table as Markdown, CSV and LaTeX."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from io import StringIO
from typing import Final

from chimerae.tables.table import Entry, Table, TableRow

ARROWS = {"higher": "↑", "lower": "↓", "": ""}
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "$": r"\$",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "–": "--",
    "†": r"\dag{}",
    "²": "$^2$",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def plain(text: str) -> str:
    r"""`text` as Markdown that shows just it, wherever it stands: in a paragraph, at its beginning, in a cell
    of a table or in the name of a link.

    >>> print(plain("a_b|c](x)"), plain("# <b>"), plain("1. x"), plain("[0, 1]"))
    a\_b&#124;c\](x) \# &lt;b> 1\. x [0, 1]
    """
    shown = _MARKS.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), " ".join(text.split()))
    return _AT_FIRST.sub(r"\1\\\2", shown)


def code(text: str) -> str:
    """`text` in Markdown as code, without the backticks in it; nothing for nothing."""
    shown = " ".join(text.replace("`", "").split())
    return f"`{shown}`" if shown else ""


def fenced(text: str, language: str) -> str:
    """Lines of `text` in Markdown as a block of code, which no line of it can end."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


_MARKS: Final = re.compile(r"[_*`<|$]|~~|\](?=[(\[:])|!(?=\[)|&(?=#?\w+;)|\\(?=[!-/:-@\[-`{-~]|$)")
"""Marks that Markdown obeys anywhere."""
_ENTITIES: Final = {"<": "&lt;", "|": "&#124;", "$": "&#36;", "&": "&amp;", "~~": "&#126;&#126;"}
_AT_FIRST: Final = re.compile(r"^(\d{0,9})(>|[#+=.)-](?=[#+=-]*(?:\s|$)))")
"""Marks that Markdown obeys at the beginning of a paragraph."""


def headings(table: Table) -> list[str]:
    """Titles of the columns as they are printed: names, number of seeds, each quantity and the paper's."""
    shown = [*(["set"] if table.grouped else []), "", "n"]
    for column in table.columns:
        shown.append(f"{column.heading} {ARROWS[column.better]}".strip())
        if column.title in table.with_source:
            shown.append("source")
    return shown


def markdown(table: Table) -> str:
    """The table in Markdown."""
    lines = _lines(table, lambda entry: f"**{entry.mean}** ± {entry.spread}" if entry.bold else entry.text)
    return markdown_table(headings(table), lines, left=1 + table.grouped)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int | None = None) -> str:
    """A Markdown table; columns from number `left` on are numbers, aligned to the right.

    Head and cells are Markdown already, except for `|` and line ends.
    """
    rule = ["---" if left is None or i < left else "---:" for i in range(len(head))]
    lines = [[_cell(cell) for cell in head], rule, *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def csv_text(table: Table) -> str:
    """The table as CSV, with every digit, a row per line of the table and a column per number."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    titles = [column.title for column in table.columns]
    kinds = ("mean", "deviation", "n", "source")
    writer.writerow(
        ["set", "row", *(f"{column.heading}, {kind}" for column in table.columns for kind in kinds)]
    )
    for line in table.lines:
        writer.writerow(
            [line.group, line.name, *(cell for title in titles for cell in _numbers(line, title))]
        )
    return text.getvalue()


def latex(table: Table) -> str:
    """The table as a LaTeX `tabular` with the rules of booktabs."""
    lines = _lines(
        table,
        lambda entry: rf"\textbf{{{entry.mean}}} $\pm$ {entry.spread}" if entry.bold else _tex(entry.text),
        plain=_tex,
    )
    head = [_tex(title) for title in headings(table)]
    left = 1 + table.grouped
    body = "\n".join(f"{' & '.join(line)} \\\\" for line in lines)
    form = "l" * left + "r" * (len(head) - left)
    return (
        f"\\begin{{tabular}}{{{form}}}\n\\toprule\n{' & '.join(head)} \\\\\n\\midrule\n"
        f"{body}\n\\bottomrule\n\\end{{tabular}}\n"
    )


def _lines(
    table: Table, shown: Callable[[Entry], str], plain: Callable[[str], str] = lambda text: text
) -> list[list[str]]:
    rows, before = [], None
    for line, entries in zip(table.lines, table.entries, strict=True):
        counts = [values.n for values in line.values.values()]
        row = [plain(line.group if line.group != before else "")] if table.grouped else []
        row += [plain(line.name), str(max(counts)) if counts else "0"]
        for column, entry in zip(table.columns, entries, strict=True):
            row.append(shown(entry))
            if column.title in table.with_source:
                row.append(plain(line.source.get(column.title, "")))
        rows.append(row)
        before = line.group
    return rows


def _numbers(line: TableRow, title: str) -> list[str]:
    values, source = line.values.get(title), line.source.get(title, "")
    if values is None:
        return ["", "", "0", source]
    spread = "" if values.spread != values.spread else repr(values.spread)
    return [repr(values.mean), spread, str(values.n), source]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _tex(text: str) -> str:
    return re.sub("|".join(map(re.escape, _LATEX)), lambda found: _LATEX[found[0]], text)
