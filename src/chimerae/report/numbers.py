"""Four numbers of every network beside the data's: reconstruction, realism, variety, copies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chimerae.report.compare import NOT_SET, LabelledRun
from chimerae.report.findings import FAMILIES, Findings, findings
from chimerae.report.names import title
from chimerae.run_folder.fields import section
from chimerae.run_folder.scores import DATA
from chimerae.tables import Values, decimals

MEAN_IMAGE: Final = "mean image"
_Key = tuple[str, str]


@dataclass(frozen=True)
class Way:
    """One way to measure a quantity: its hint in the head of the column, and where its value comes from."""

    hint: str
    value: Callable[[Findings], float | None]
    data: Callable[[Findings], float | None]
    """Value of the data themselves."""
    percent: bool = False
    mean_image: float | None = None
    """Value of the mean image; None where that was not measured."""


@dataclass(frozen=True)
class Number:
    """One value as text, and a note beside it in small letters."""

    text: str
    note: str = ""


@dataclass(frozen=True)
class NumberRow:
    """The numbers of one network, or of a yardstick (`DATA`, `MEAN_IMAGE`), which has no run."""

    run: str
    network: str
    colour: str
    cells: tuple[Number, ...]
    first: bool = True


@dataclass(frozen=True)
class Numbers:
    """The table: `(quantity, hint)` of each column, and its rows, yardsticks last."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[NumberRow, ...]


def _score(
    metric: str, arrow: str, *, percent: bool = False, mean_image: float | None = None, hint: str = ""
) -> Way:
    """The way by a metric of `scores.json`; `hint` replaces its title."""

    def value(found: Findings) -> float | None:
        return found.scores[metric].value if metric in found.scores else None

    def data(found: Findings) -> float | None:
        return found.scores[metric].data if metric in found.scores else None

    unit = ", %" if percent else ""
    return Way(f"{hint or title(metric) + unit} {arrow}".strip(), value, data, percent, mean_image)


def _always(value: float) -> Callable[[Findings], float]:
    return lambda _: value


WAYS: Final[Mapping[str, tuple[Way, ...]]] = {
    "Reconstruction": (
        Way("error, % of the mean image's ↓", lambda f: f.error, _always(0.0), percent=True, mean_image=1.0),
        _score("psnr", "↑"),
        _score("mse_points", "↓"),
    ),
    "Realism": (
        *(_score(f"fd{family}", "↓") for family in FAMILIES if family),
        _score("fid", "↓"),
        *(_score(f"kd{family}", "↓") for family in FAMILIES if family),
        _score("swd", "↓"),
        _score("near_data", "↑", percent=True),
    ),
    "Variety": (
        *(_score(f"variety{family}", "", mean_image=0.0) for family in FAMILIES if family),
        *(_score(f"coverage{family}", "↑", percent=True) for family in FAMILIES),
        Way("variance, % of the data's", lambda f: f.spread, _always(1.0), percent=True, mean_image=0.0),
        _score("modes_covered", "↑"),
        _score("jsd_nats", "↓"),
    ),
    "Copies": (_score("copied", "↓", percent=True, hint="% of samples"), _score("nearest_train", "")),
}
"""Ways of each quantity, the preferred ones first."""

EXPLAINED: Final[Mapping[str, Mapping[str, str]]] = {
    "Reconstruction": {
        "error": "Reconstruction: squared error of the test images on this page over their variance, so that "
        "the mean image has 100 %."
    },
    "Realism": {"": "Realism: how near samples are to the data."},
    "Variety": {"": "Variety: how different samples are, or how much of the data they cover."},
    "Copies": {"%": "Copies: samples as close to one training image as the closest 1 % of new images are."},
}
"""Explanations of quantities, each by the beginning of its hint."""


def numbers(named: Sequence[LabelledRun]) -> Numbers | None:
    """The table of the four numbers; None when nothing is known of any run.

    Values of runs that differ only by the seed are averaged. A column measures all networks in the same way:
    the one that most of them have, and among equals the preferred one.

    Raises:
        InputError: a picture of a run cannot be read.
    """
    found: dict[_Key, list[Findings]] = {}
    for entry in named:
        for each in findings(entry.run):
            found.setdefault((entry.group, each.network), []).append(each)
    chosen = {quantity: way for quantity, ways in WAYS.items() if (way := _chosen(ways, found))}
    if not chosen:
        return None
    columns = {quantity: _column(way, found) for quantity, way in chosen.items()}
    colours = {entry.group: entry.colour for entry in named}
    rows: list[NumberRow] = []
    for group, network in found:
        cells = [columns[quantity][group, network] for quantity in columns]
        if "Reconstruction" in columns and cells[0].text == NOT_SET:
            cells[0] = Number(NOT_SET, _why_not(named, group))
        first = not rows or rows[-1].run != group
        rows.append(NumberRow(group, network, colours[group], tuple(cells), first))
    heads = tuple((quantity, way.hint) for quantity, way in chosen.items())
    return Numbers(heads, (*rows, *_yardsticks(chosen, columns)))


def glossary(table: Numbers | None) -> str:
    """Explanations of the columns that a table has; '' for none."""
    told = (
        text
        for quantity, hint in (table.columns if table else ())
        for begin, text in EXPLAINED[quantity].items()
        if hint.startswith(begin)
    )
    return " ".join(told)


def _chosen(ways: Sequence[Way], found: Mapping[_Key, Sequence[Findings]]) -> Way | None:
    counts = [sum(bool(_values(way, own)) for own in found.values()) for way in ways]
    return ways[counts.index(max(counts))] if any(counts) else None


def _values(way: Way, found: Sequence[Findings], *, data: bool = False) -> list[float]:
    told = [(way.data if data else way.value)(each) for each in found]
    return [value for value in told if value is not None]


def _column(way: Way, found: Mapping[_Key, Sequence[Findings]]) -> dict[_Key, Number]:
    """The numbers of each network, and under `DATA` and `MEAN_IMAGE` those of the yardsticks."""
    sets = {key: _values(way, own) for key, own in found.items()}
    everywhere = [each for own in found.values() for each in own]
    sets["", DATA] = _values(way, everywhere, data=True)[:1]
    sets["", MEAN_IMAGE] = [] if way.mean_image is None else [way.mean_image]
    return {key: _number(way, own) for key, own in sets.items()}


def _number(way: Way, values: Sequence[float]) -> Number:
    if not values:
        return Number(NOT_SET)
    several = Values(tuple(values))
    whole = several.mean == round(several.mean)
    digits = 0 if whole else max(decimals([several]) - 1, 0)
    factor, shown = (100.0, 1 if 0 < abs(several.mean) < 0.1 else 0) if way.percent else (1.0, digits)
    spread = f"± {factor * several.spread:.{shown}f}" if math.isfinite(several.spread) else ""
    unit = " %" if way.percent else ""
    return Number(f"{factor * several.mean:.{shown}f}{unit}", spread)


def _yardsticks(
    chosen: Mapping[str, Way], columns: Mapping[str, Mapping[_Key, Number]]
) -> Iterator[NumberRow]:
    for name in (DATA, MEAN_IMAGE):
        cells = tuple(column["", name] for column in columns.values())
        if name == DATA or chosen.get("Reconstruction", WAYS["Copies"][0]).mean_image is not None:
            yield NumberRow("", f"the {name}", "", cells)


def _why_not(named: Sequence[LabelledRun], group: str) -> str:
    """Reason why a run has no reconstructions, where its evaluation gives one."""
    runs = [entry.run for entry in named if entry.group == group]
    told = " ".join(str(why) for run in runs for why in section(run.scores_record, "absent").values())
    return "no encoder" if "no encoder" in told else ""
