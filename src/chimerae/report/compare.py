"""Distinction of runs: their names, the groups that differ only by the seed, the settings that differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from chimerae.report.read import RunFolder
from chimerae.report.svg import COLOURS
from chimerae.run_folder.fields import Json

NOT_SET = "–"
_UNNAMED = frozenset({"seed", "data", "method.name"})


@dataclass(frozen=True)
class LabelledRun:
    """A run among others: its name and colour. Runs that differ only by the seed share `group`."""

    run: RunFolder
    label: str
    group: str
    colour: str


@dataclass(frozen=True)
class Setting:
    """One setting, and its value in every run."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """True when runs have different values; `none` and a missing value count as the same."""
        return len({NOT_SET if value == "none" else value for value in self.values}) > 1


def name_runs(runs: Sequence[RunFolder]) -> list[LabelledRun]:
    """Names as short as possible: the method, then up to two settings that differ, else the folder."""
    settings = settings_of(runs)
    varied = [s for s in settings if s.differs and s.name not in _UNNAMED]
    groups = [tuple(s.values[i] for s in settings if s.name != "seed") for i in range(len(runs))]
    kinds = list(dict.fromkeys(groups))
    titles = _titles(runs, groups, varied)
    named = []
    for run, kind in zip(runs, groups, strict=True):
        title = titles[kind]
        label = title if groups.count(kind) == 1 else f"{title}, seed {run.settings.get('seed', NOT_SET)}"
        named.append(LabelledRun(run, label, title, COLOURS[kinds.index(kind) % len(COLOURS)]))
    return _unique(named)


def first_of_each(named: Sequence[LabelledRun], picture: str | None = None) -> list[LabelledRun]:
    """First run of each group that differs only by the seed; with `picture`, the first that has it."""
    firsts: dict[str, LabelledRun] = {}
    for entry in named:
        if picture is None or picture in entry.run.pictures:
            firsts.setdefault(entry.group, entry)
    return list(firsts.values())


def settings_of(runs: Sequence[RunFolder]) -> list[Setting]:
    """Every setting that any of the runs has, in the order of `run.json`."""
    flat = [flatten(run.settings) for run in runs]
    names = dict.fromkeys(name for settings in flat for name in settings)
    return [Setting(name, tuple(settings.get(name, NOT_SET) for settings in flat)) for name in names]


def flatten(tree: Json, prefix: str = "") -> dict[str, str]:
    """Nested settings as dotted names and readable values.

    >>> flatten({"method": {"name": "vae", "beta": 1.0}, "size": None})
    {'method.name': 'vae', 'method.beta': '1.0', 'size': 'none'}
    """
    flat: dict[str, str] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = readable(value)
    return flat


def readable(value: object) -> str:
    """A JSON value as people write it.

    >>> readable(True), readable([28, 28]), readable("digits"), readable(60000)
    ('yes', '[28, 28]', 'digits', '60000')
    """
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case _:
            return json.dumps(value)


def _titles(
    runs: Sequence[RunFolder], groups: Sequence[tuple[str, ...]], varied: Sequence[Setting]
) -> dict[tuple[str, ...], str]:
    """A name for each kind of run."""
    first = {kind: groups.index(kind) for kind in reversed(groups)}
    methods = [runs[i].method for i in first.values()]
    titles = {}
    for kind, i in first.items():
        title = runs[i].method
        if methods.count(title) > 1:
            mates = [k for k in first.values() if runs[k].method == title]
            apart = [s for s in varied if len({s.values[k] for k in mates}) > 1]
            sources = {runs[k].source for k in mates}
            parts = [f"{s.name.rpartition('.')[2]} {s.values[i]}" for s in apart[:2]]
            title = " ".join([title, *([f"on {runs[i].source}"] if len(sources) > 1 else []), *parts])
        titles[kind] = title
    return titles


def _unique(named: Sequence[LabelledRun]) -> list[LabelledRun]:
    """The runs with unique labels: equal ones get the name of the folder, then a number."""
    taken: dict[str, int] = {}
    result = []
    for entry in named:
        label = entry.label
        if [other.label for other in named].count(label) > 1:
            label = f"{label} ({entry.run.path.resolve().name})"
        taken[label] = taken.get(label, 0) + 1
        if taken[label] > 1:
            label = f"{label} {taken[label]}"
        result.append(LabelledRun(entry.run, label, entry.group, entry.colour))
    return result
