"""A run folder as plain data. Whatever a run has not come to yet is simply empty."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chimerae.errors import InputError
from chimerae.extensions import brief
from chimerae.report.log import Json, Logged, number, read_log, section, whole

SCHEMA: Final = 1
"""Version of `run.json` and `scores.json` that this code reads."""
DATA: Final = "data"
"""What the data themselves are scored as: a yardstick, not a competitor."""
PICTURES: Final = (
    "reconstructions",
    "samples",
    "interpolation",
    "neighbours",
    "manifold",
    "scatter",
    "codes",
    "units",
)
"""What evaluation draws, in the order in which a report shows it."""


@dataclass(frozen=True)
class Score:
    """One value of `scores.json`, with the protocol that gives it its meaning."""

    metric: str
    of: str
    """The network (or way of making samples) that was measured."""
    value: float
    std: float | None
    n: int | None
    better: str
    protocol: Json


@dataclass(frozen=True)
class Snapshot:
    """A picture made while the run was learning."""

    kind: str
    step: int
    path: Path


@dataclass(frozen=True)
class RunFolder:
    """Everything a report needs to know about one run."""

    path: Path
    record: Json
    """`run.json` as it is."""
    env: Json
    data: Json
    model: Json
    log: tuple[Logged, ...]
    torn: int
    """Lines of the log that could not be read: a run that was killed leaves its last one unfinished."""
    scores_record: Json
    """`scores.json` as it is; empty before the run was evaluated."""
    scores: tuple[Score, ...]
    pictures: Mapping[str, Path]
    snapshots: tuple[Snapshot, ...]

    @property
    def settings(self) -> Json:
        """The resolved settings of the run."""
        return section(self.record, "run")

    @property
    def method(self) -> str:
        """Name of the method."""
        return brief(str(section(self.settings, "method").get("name", "unknown")))

    @property
    def source(self) -> str:
        """The data source, as it was given."""
        return str(self.settings.get("data", "unknown"))

    @property
    def steps(self) -> int:
        """Steps that were asked for; 0 when unknown."""
        return whole(self.settings.get("steps")) or 0

    @property
    def reached(self) -> int:
        """The last step that was logged; 0 before the first."""
        return self.log[-1].step if self.log else 0


def read_run(path: Path) -> RunFolder:
    """The run in the folder `path`.

    Raises:
        InputError: no run folder, a damaged file, or one of another version.
    """
    if not (path / "run.json").is_file():
        what = "is not a run folder: it has no run.json" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {what}; give the folder that `chimerae train` made")
    record = _versioned(path / "run.json")
    scores = _versioned(path / "scores.json")
    data = _object(path / "data.json")
    log, torn = read_log(path / "log.jsonl")
    return RunFolder(
        path=path,
        record=record,
        env=_object(path / "env.json"),
        data=data,
        model=_object(path / "model" / "config.json"),
        log=log,
        torn=torn,
        scores_record=scores,
        scores=tuple(_scores(path / "scores.json", scores, _data_fact(data))),
        pictures=_drawn(path / "pictures"),
        snapshots=tuple(_snapshots(path / "samples")),
    )


def _object(path: Path) -> Json:
    """The JSON object in a file; empty when there is no such file."""
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text("utf-8"))
    except (ValueError, OSError) as error:
        raise InputError(f"{path} cannot be read ({error}); the run folder is damaged there") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} holds no JSON object; the run folder is damaged there")
    return value


def _versioned(path: Path) -> Json:
    record = _object(path)
    if record and record.get("schema") != SCHEMA:
        raise InputError(
            f"{path} has schema {record.get('schema')}, this chimerae reads schema {SCHEMA}; "
            "use the version of chimerae that wrote it"
        )
    return record


def _data_fact(data: Json) -> dict[str, str]:
    """What scores were measured on, for their protocol: the data's name and shape, and a few digits of the
    checksum of all that the networks saw.
    """
    if "source" not in data:
        return {}
    shape, checksum = data.get("shape"), str(data.get("checksum", ""))
    size = "x".join(str(edge) for edge in shape) if isinstance(shape, list) else ""
    return {"data": " ".join(filter(None, (Path(str(data["source"])).name, size, checksum[:8])))}


def _scores(path: Path, record: Json, data: Mapping[str, str]) -> Iterator[Score]:
    listed = record.get("scores", [])
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict) or "metric" not in entry:
            raise InputError(f"{path} holds a score without a metric; evaluate the run again")
        std = number(entry.get("std"))
        yield Score(
            metric=str(entry["metric"]),
            of=str(entry.get("of", "")),
            value=number(entry.get("value")),
            std=None if math.isnan(std) else std,
            n=whole(entry.get("n")),
            better=str(entry.get("better", "")),
            protocol={**data, **section(entry, "protocol")},
        )


def _drawn(folder: Path) -> dict[str, Path]:
    """Pictures by name, those that are known first."""
    files = [*folder.glob("*.webp"), *folder.glob("*.png")] if folder.is_dir() else []
    found = {path.stem: path for path in files if not path.name.startswith(".")}
    known = [name for name in PICTURES if name in found]
    return {name: found[name] for name in [*known, *sorted(found.keys() - set(known))]}


def _snapshots(folder: Path) -> Iterator[Snapshot]:
    for path in sorted(folder.glob("*.png")) if folder.is_dir() else []:
        if match := re.fullmatch(r"(\w+)-(\d+)", path.stem):
            yield Snapshot(match[1], int(match[2]), path)
