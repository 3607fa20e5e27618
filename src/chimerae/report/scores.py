"""The score table: metrics in columns, runs and their networks in rows, every value under its protocol."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from chimerae.report.compare import LabelledRun, readable
from chimerae.report.names import grouped, title
from chimerae.report.protocol import SEED, protocol_of, shared_by, words
from chimerae.run_folder.fields import section
from chimerae.run_folder.scores import DATA, Score
from chimerae.tables import ALPHA, ARROWS, FEWEST, Values, best, decimals


@dataclass(frozen=True)
class ScoreCell:
    """One value: its text, the mark of its protocol, and details on hover."""

    text: str
    spread: str = ""
    mark: str = ""
    hover: str = ""
    bold: bool = False


@dataclass(frozen=True)
class ScoreRow:
    """One network of one run (or of all runs that differ only by the seed)."""

    run: str
    network: str
    colour: str
    cells: tuple[ScoreCell, ...]
    first: bool


@dataclass(frozen=True)
class ScoreTable:
    """The table, the protocol common to all its values, and the special protocols of some."""

    columns: tuple[str, ...]
    rows: tuple[ScoreRow, ...]
    common: str
    own: tuple[tuple[str, str], ...]
    """Columns, and the further protocol that all values of these columns share."""
    marks: tuple[tuple[str, str], ...]
    """Letters and their meanings, where values of one column were measured differently."""

    @property
    def boldness(self) -> str:
        """Reason why something is bold, or why nothing is."""
        if any(cell.bold for row in self.rows for cell in row.cells):
            return f"Bold: best of its column; against the second, Welch's t test has p below {ALPHA}."
        if any(cell.spread for row in self.rows for cell in row.cells):
            return (
                "± is the deviation over seeds; nothing is bold, because no best differs from the second at "
                f"p below {ALPHA} (Welch's t test, {FEWEST} seeds or more)."
            )
        return "Single runs: no spread over seeds is known, so nothing is bold."


@dataclass(frozen=True)
class _Entry:
    """All values of one metric, network and kind of run: one per seed."""

    scores: tuple[Score, ...]

    @property
    def values(self) -> Values:
        return Values(tuple(score.value for score in self.scores))


_Key = tuple[str, str]


def score_tables(named: Sequence[LabelledRun]) -> dict[str, ScoreTable]:
    """A table for each kind of metric, in the order of `names.KINDS`; empty when no run was evaluated yet."""
    kinds = grouped(score.metric for entry in named for score in entry.run.scores)
    tables = {kind: score_table(named, metrics) for kind, metrics in kinds.items()}
    return {kind: table for kind, table in tables.items() if table is not None}


def absent_scores(named: Sequence[LabelledRun]) -> dict[str, str]:
    """Reasons why metrics could not be computed in some run, each with the titles of its metrics."""
    found: dict[str, list[str]] = {}
    for entry in named:
        for metric, why in section(entry.run.scores_record, "absent").items():
            titles = found.setdefault(readable(why), [])
            if title(metric) not in titles:
                titles.append(title(metric))
    return {", ".join(titles): why for why, titles in found.items()}


def score_table(named: Sequence[LabelledRun], metrics: Collection[str] | None = None) -> ScoreTable | None:
    """The table of these runs' scores, of some `metrics` in their order or (None) of all; None if empty."""
    entries = _collect(named, metrics)
    if not entries:
        return None
    there = dict.fromkeys(metric for row in entries.values() for metric in row)
    columns = list(there if metrics is None else (metric for metric in metrics if metric in there))
    networks = [row for key, row in entries.items() if key[1] != DATA] or list(entries.values())
    common = shared_by([protocol_of(score) for row in networks for e in row.values() for score in e.scores])
    marks: dict[str, str] = {}
    shares: dict[str, list[str]] = {}
    cells: dict[str, dict[_Key, ScoreCell]] = {}
    for metric in columns:
        column = {key: row[metric] for key, row in entries.items() if metric in row}
        made = {key: entry for key, entry in column.items() if key[1] != DATA} or column
        shared = shared_by([protocol_of(s) for entry in made.values() for s in entry.scores])
        if special := {k: v for k, v in shared.items() if k not in common}:
            shares.setdefault(words(special), []).append(title(metric))
        own = {key: _own(entry, shared) for key, entry in made.items()}
        if len(set(own.values())) > 1:
            for told in own.values():
                marks.setdefault(told or "otherwise as said", chr(ord("a") + len(marks) % 26))
        else:
            own = dict.fromkeys(own, "")
        leader = _best(made, own)
        cells[metric] = {
            key: _cell(
                entry, decimals(e.values for e in column.values()), _mark(own.get(key), marks), key == leader
            )
            for key, entry in column.items()
        }
    return ScoreTable(
        columns=_headings(columns, entries),
        rows=_rows(named, list(entries), columns, cells),
        common=words(common),
        own=tuple((", ".join(columns), told) for told, columns in shares.items()),
        marks=tuple((mark, told) for told, mark in marks.items()),
    )


def _mark(told: str | None, marks: Mapping[str, str]) -> str:
    """The letter of a protocol; empty for scores of the data themselves."""
    return "" if told is None else marks.get(told or "otherwise as said", "")


def _collect(named: Sequence[LabelledRun], metrics: Collection[str] | None) -> dict[_Key, dict[str, _Entry]]:
    """Values over the seeds by (kind of run, network), then by metric; of some metrics or (None) of all."""
    found: dict[_Key, dict[str, list[Score]]] = {}
    for entry in named:
        for score in entry.run.scores:
            if metrics is not None and score.metric not in metrics:
                continue
            row = found.setdefault((entry.group, score.of), {})
            row.setdefault(score.metric, []).append(score)
    return {
        key: {metric: _Entry(tuple(scores)) for metric, scores in row.items()} for key, row in found.items()
    }


def _own(entry: _Entry, shared: Mapping[str, str]) -> str:
    """Special part of the protocol of these values; several parts if seeds differ in it."""
    protocols = [protocol_of(score) for score in entry.scores]
    told = [words({k: v for k, v in p.items() if k not in shared}) for p in protocols]
    return " or ".join(dict.fromkeys(told))


def _best(column: Mapping[_Key, _Entry], own: Mapping[_Key, str]) -> _Key | None:
    """The best of several, if all were measured alike and its lead is significant (see `tables.best`)."""
    better = {entry.scores[0].better for entry in column.values()}
    if len(set(own.values())) > 1 or len(better) != 1:
        return None
    return best({key: entry.values for key, entry in column.items()}, better.pop())


def _cell(entry: _Entry, digits: int, mark: str, bold: bool) -> ScoreCell:
    score = entry.scores[0]
    hover = [words(protocol_of(score))]
    if len(entry.scores) > 1:
        hover.append(f"mean and deviation of {len(entry.scores)} seeds")
    elif score.std is not None:
        hover.append(f"deviation over samples {score.std:.{digits}f}")
    if SEED in score.protocol:
        hover.append(f"evaluation seed {json.dumps(score.protocol[SEED])}")
    values = entry.values
    spread = f"± {values.spread:.{digits}f}" if math.isfinite(values.spread) else ""
    return ScoreCell(f"{values.mean:.{digits}f}", spread, mark, "; ".join(filter(None, hover)), bold)


def _headings(columns: Sequence[str], entries: Mapping[_Key, Mapping[str, _Entry]]) -> tuple[str, ...]:
    better = {m: e.scores[0].better for row in entries.values() for m, e in row.items()}
    return tuple(f"{title(metric)} {ARROWS.get(better[metric], '')}".strip() for metric in columns)


def _rows(
    named: Sequence[LabelledRun],
    keys: Sequence[_Key],
    columns: Sequence[str],
    cells: Mapping[str, Mapping[_Key, ScoreCell]],
) -> tuple[ScoreRow, ...]:
    """Rows in the order of `keys`."""
    colours = {entry.group: entry.colour for entry in named}
    rows: list[ScoreRow] = []
    for group, network in keys:
        first = not rows or rows[-1].run != group
        line = tuple(cells[metric].get((group, network), ScoreCell("–")) for metric in columns)
        rows.append(ScoreRow(group, network, colours[group], line, first))
    return tuple(rows)
