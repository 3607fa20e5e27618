"""A run as its model card may tell of it: up to the step of the model, without places of this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from chimerae.errors import InputError
from chimerae.report.read import RunFolder, read_run
from chimerae.run_folder.fields import section
from chimerae.run_folder.schema import FILES, FOLDERS, LOG, PICTURES, PREVIEWS, STATE
from chimerae.run_folder.scores import Score
from chimerae.sharing.files import SHOWN
from chimerae.sharing.public import LOCAL, DataName, data_name

TOLD: Final = ("batch_size", "optimizer", "players", "ema", "flip", "precision")
"""Settings of training that a card tells: those that would matter on another machine."""


@dataclass(frozen=True)
class Subject:
    """The run behind a model."""

    run: RunFolder
    """Its scores and pictures of evaluation are empty where they belong to other weights."""
    data: DataName
    other_step: int | None
    """Step of its scores, if that is not the step of the model."""

    @property
    def evaluated(self) -> bool:
        """True when the model has scores."""
        return bool(self.run.scores)

    @property
    def pictures(self) -> dict[str, Path]:
        """Pictures to share by kind: those of the evaluation, else the newest ones drawn during training."""
        newest = {shot.kind: shot.path for shot in sorted(self.run.snapshots, key=lambda shot: shot.step)}
        found = self.run.pictures or newest
        return {kind: found[kind] for kind in SHOWN if kind in found}


def read_subject(folder: Path, config: Mapping[str, Any]) -> Subject:
    """The run in `folder` behind the model of `config`.

    Raises:
        InputError: the run is damaged, or a part of it is a link that leads out of it.
    """
    stay_inside(folder)
    run, step = read_run(folder), int(config["step"])
    data = data_name(run.source, run.data)
    scored = run.scores_record.get("step") if run.scores else None
    fresh = scored == step
    own = replace(
        run,
        record={"run": _settings(run, data)},
        env={},
        data={**run.data, "source": data.name},
        scores_record={},
        scores=tuple(_public(score, run) for score in run.scores) if fresh else (),
        pictures=run.pictures if fresh else {},
        log=tuple(line for line in run.log if line.step <= step),
        snapshots=tuple(shot for shot in run.snapshots if shot.step <= step),
    )
    return Subject(own, data, None if fresh or not isinstance(scored, int) else scored)


def stay_inside(folder: Path) -> None:
    """Raise `InputError` when a part of the run in `folder` is a link that leads out of it."""
    root = folder.resolve()
    names = [*(name for name in FOLDERS if name != STATE), LOG]
    names += [name for name in FILES if not name.startswith(f"{STATE}/")]
    pictures = [path for place in (PICTURES, PREVIEWS) for path in (folder / place).glob("*")]
    for path in [*(folder / name for name in names), *pictures]:
        if not path.resolve().is_relative_to(root):
            raise InputError(
                f"{path} is a link that leads out of {folder}, and nothing from outside is shared; "
                "put the file itself there"
            )


def _settings(run: RunFolder, data: DataName) -> dict[str, Any]:
    """The settings that a card tells."""
    kept = {key: run.settings[key] for key in ("steps", "seed") if key in run.settings}
    training = section(run.settings, "training")
    return {
        **kept,
        "data": data.name,
        "method": section(run.settings, "method"),
        "arch": section(run.settings, "arch"),
        "training": {key: training[key] for key in TOLD if key in training},
    }


def _public(score: Score, run: RunFolder) -> Score:
    """The score with public names of data in its metric and protocol."""
    metric = re.sub(r"\[([^]]*)\]", lambda found: f"[{_labels(found[1], run)}]", score.metric)
    protocol = {key: _fact(key, value, run) for key, value in score.protocol.items()}
    return replace(score, metric=metric, protocol=protocol)


def _labels(source: str, run: RunFolder) -> str:
    """The public name of a source of labels; "train", which marks the training split, stays."""
    return source if source == "train" else data_name(source, run.data).name


def _fact(key: str, value: object, run: RunFolder) -> object:
    if key == "data":
        shape, checksum = run.data.get("shape"), str(run.data.get("checksum", ""))
        size = "x".join(map(str, shape)) if isinstance(shape, list) else ""
        return " ".join(filter(None, (data_name(run.source, run.data).name, size, checksum[:8])))
    if not isinstance(value, str):
        return value
    if key == "labels":
        return _labels(value, run)
    return LOCAL if value.startswith("~") or "/" in value or "\\" in value else value
