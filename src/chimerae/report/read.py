"""A run folder as plain data. Parts that a run has not reached yet are empty."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chimerae.errors import InputError, printable
from chimerae.extensions import brief
from chimerae.files import MOST_JSON, parsed_json, read_bytes
from chimerae.run_folder.fields import Json, section, whole
from chimerae.run_folder.log import LogLine, read_log
from chimerae.run_folder.schema import (
    CONFIG,
    ENV,
    JUDGED,
    LOG,
    MANIFEST,
    MODEL,
    PICTURES,
    PREVIEWS,
    RUN,
    SCORES,
    check_schema,
    renamed,
)
from chimerae.run_folder.scores import Score, listed_scores

KINDS: Final = (
    "reconstructions",
    "train-reconstructions",
    "samples",
    "interpolation",
    "neighbours",
    "manifold",
    "scatter",
    "codes",
    "units",
)
"""Pictures drawn by evaluation, in the order of a report."""


@dataclass(frozen=True)
class Snapshot:
    """A picture made while the run was learning."""

    kind: str
    step: int
    path: Path


@dataclass(frozen=True)
class RunFolder:
    """Everything that a report needs of one run."""

    path: Path
    record: Json
    """Content of `run.json`, its settings under their present names."""
    env: Json
    data: Json
    model: Json
    log: tuple[LogLine, ...]
    torn: int
    """Lines of the log that could not be read: a run that was killed leaves its last one unfinished."""
    scores_record: Json
    """Content of `scores.json`; empty before the run was evaluated."""
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
    def is_judged(self) -> bool:
        """True for a model that was trained elsewhere: nothing is known of its training."""
        return self.record.get("subject") is not None

    @property
    def steps(self) -> int:
        """Planned steps; 0 when unknown."""
        return whole(self.settings.get("steps")) or 0

    @property
    def reached(self) -> int:
        """The last step that was logged; 0 before the first."""
        return self.log[-1].step if self.log else 0


def read_run(path: Path) -> RunFolder:
    """The run in the folder `path`.

    Raises:
        InputError: no run folder, a damaged file, or a file of another version.
    """
    known = next((path / name for name in (RUN, JUDGED) if (path / name).is_file()), None)
    if known is None:
        what = "is not a run folder: it has no run.json" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {what}; give the folder that `chimerae train` made")
    record = _versioned(known)
    scores = _versioned(path / SCORES)
    data, model = renamed(_object(path / MANIFEST)), _object(path / MODEL / CONFIG)
    log, torn = read_log(path / LOG)
    return RunFolder(
        path=path,
        record={k: renamed(v, _schema(record)) if k == "run" else v for k, v in record.items()},
        env=renamed(_object(path / ENV)),
        data=data,
        model=renamed(model, _schema(model)) or {"parameters": section(record, "parameters")},
        log=log,
        torn=torn,
        scores_record=scores,
        scores=tuple(listed_scores(scores, path / SCORES, _data_fact(data))),
        pictures=_pictures(path / PICTURES),
        snapshots=tuple(_snapshots(path / PREVIEWS)),
    )


def _object(path: Path) -> Json:
    """The JSON object in a file, all its words `printable`; empty when there is no such file."""
    try:
        value = parsed_json(read_bytes(path, MOST_JSON))
    except FileNotFoundError:
        return {}
    except InputError:
        raise
    except (ValueError, OSError) as error:
        raise InputError(f"{path} cannot be read ({error}); the run folder is damaged there") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} holds no JSON object; the run folder is damaged there")
    return {printable(name): _readable(each) for name, each in value.items()}


def _readable(value: Any) -> Any:
    match value:
        case str():
            return printable(value)
        case list():
            return [_readable(each) for each in value]
        case dict():
            return {printable(name): _readable(each) for name, each in value.items()}
        case _:
            return value


def _schema(record: Json) -> int:
    """The schema number in a file, or 1."""
    schema = record.get("schema")
    return schema if isinstance(schema, int) else 1


def _versioned(path: Path) -> Json:
    record = _object(path)
    if record:
        check_schema(record, path, path.name)
    return record


def _data_fact(data: Json) -> dict[str, str]:
    """The data behind the scores, for their protocol: name, shape, first digits of the checksum."""
    if "source" not in data:
        return {}
    shape, checksum = data.get("shape"), str(data.get("checksum", ""))
    size = "x".join(str(edge) for edge in shape) if isinstance(shape, list) else ""
    return {"data": " ".join(filter(None, (Path(str(data["source"])).name, size, checksum[:8])))}


def _pictures(folder: Path) -> dict[str, Path]:
    """Pictures by name, those of `KINDS` first."""
    files = [*folder.glob("*.webp"), *folder.glob("*.png")] if folder.is_dir() else []
    found = {path.stem: path for path in files if not path.name.startswith(".")}
    known = [name for name in KINDS if name in found]
    return {name: found[name] for name in [*known, *sorted(found.keys() - set(known))]}


def _snapshots(folder: Path) -> Iterator[Snapshot]:
    for path in sorted(folder.glob("*.png")) if folder.is_dir() else []:
        if match := re.fullmatch(r"(\w+)-(\d+)", path.stem):
            yield Snapshot(match[1], int(match[2]), path)
