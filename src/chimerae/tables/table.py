"""A table of rows and columns of `Values`, with the source's numbers beside them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from chimerae.tables.values import Better, Values, decimals, first_two


@dataclass(frozen=True)
class Column:
    """Column of a table: its title, its better direction, and groups that do not compare."""

    title: str
    better: Better = ""
    unlike: Collection[str] = ()
    """Groups whose values were measured differently and do not compare, '' for all of them: the column is
    marked, and nothing leads there.
    """

    @property
    def heading(self) -> str:
        """The title, with a mark where values do not compare."""
        return f"{self.title} †" if self.unlike else self.title


@dataclass(frozen=True)
class TableRow:
    """A row before it is printed. Rows of one group compete, except those with `competes` False."""

    name: str
    group: str = ""
    values: Mapping[str, Values] = field(default_factory=dict)
    """Values by title of the column; a column without a value stays empty."""
    source: Mapping[str, str] = field(default_factory=dict)
    """The numbers of the paper, as it prints them, by title of the column."""
    competes: bool = True


@dataclass(frozen=True)
class Entry:
    """One value as it is printed."""

    mean: str
    spread: str = ""
    bold: bool = False

    @property
    def text(self) -> str:
        """Mean and deviation, without emphasis."""
        return f"{self.mean} ± {self.spread}" if self.spread else self.mean


@dataclass(frozen=True)
class Lead:
    """The best of a set in one column, against the second."""

    column: str
    group: str
    versus: str
    """p and the number of runs."""


@dataclass(frozen=True)
class Table:
    """A filled table: per row its group, name, number of seeds, entries, and the paper's entries."""

    columns: tuple[Column, ...]
    lines: tuple[TableRow, ...]
    entries: tuple[tuple[Entry, ...], ...]
    """As printed, per row one per column."""
    leads: tuple[Lead, ...] = ()
    """Leads of all bold entries."""

    @property
    def grouped(self) -> bool:
        """True when rows belong to groups that have names."""
        return any(line.group for line in self.lines)

    @property
    def with_source(self) -> tuple[str, ...]:
        """Titles of the columns for which the paper has a number."""
        return tuple(c.title for c in self.columns if any(c.title in line.source for line in self.lines))

    @property
    def emphasised(self) -> bool:
        """True when something is bold."""
        return any(entry.bold for row in self.entries for entry in row)


EMPTY = Entry("–")


def filled(columns: Sequence[Column], lines: Sequence[TableRow]) -> Table:
    """The table, with the best of each group emphasised where it differs from the second."""
    entries: list[list[Entry]] = [[] for _ in lines]
    leads: list[Lead] = []
    for column in columns:
        values = {i: line.values[column.title] for i, line in enumerate(lines) if column.title in line.values}
        digits = decimals(values.values())
        leaders = _leaders(lines, values, column)
        leads += leaders.values()
        for i in range(len(lines)):
            entries[i].append(_entry(values[i], digits, i in leaders) if i in values else EMPTY)
    return Table(tuple(columns), tuple(lines), tuple(tuple(row) for row in entries), tuple(leads))


def _leaders(lines: Sequence[TableRow], values: Mapping[int, Values], column: Column) -> dict[int, Lead]:
    """Numbers of the rows that lead their groups, each with its lead."""
    leaders: dict[int, Lead] = {}
    for group in dict.fromkeys(line.group for line in lines if not {"", line.group} & set(column.unlike)):
        rivals = {i: v for i, v in values.items() if lines[i].group == group and lines[i].competes}
        two = first_two(rivals, column.better)
        if two and rivals[two[0]].differs(rivals[two[1]]):
            leaders[two[0]] = Lead(column.title, group, rivals[two[0]].versus(rivals[two[1]]))
    return leaders


def _entry(values: Values, digits: int, bold: bool) -> Entry:
    spread = f"{values.spread:.{digits}f}" if math.isfinite(values.spread) else ""
    return Entry(f"{values.mean:.{digits}f}", spread, bold)
