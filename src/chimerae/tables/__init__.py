"""Tables of values over seeds: the best values, their printed form, and three formats of the same table."""

from __future__ import annotations

from chimerae.tables.forms import ARROWS, code, csv_text, fenced, latex, markdown, markdown_table, plain
from chimerae.tables.table import Column, Entry, Lead, Table, TableRow, filled
from chimerae.tables.values import ALPHA, FEWEST, Better, Values, best, decimals, plural

__all__ = [
    "ALPHA",
    "ARROWS",
    "FEWEST",
    "Better",
    "Column",
    "Entry",
    "Lead",
    "Table",
    "TableRow",
    "Values",
    "best",
    "code",
    "csv_text",
    "decimals",
    "fenced",
    "filled",
    "latex",
    "markdown",
    "markdown_table",
    "plain",
    "plural",
]
