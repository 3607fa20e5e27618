"""Judge models that were not trained here: a folder of results, like that of a run, for a report."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import chimerae
from chimerae.config import to_dict
from chimerae.data import Prepare, Prepared, prepare, preset
from chimerae.data.memory import held
from chimerae.errors import InputError
from chimerae.evaluation import Evaluation, Results, draw, evaluate, merged, write_scores
from chimerae.files import read_json, write_json
from chimerae.foreign import CodeKind, Subject
from chimerae.progress import Progress, silent
from chimerae.run_folder.schema import ENV, JUDGED, MANIFEST, PICTURES, RUN, SCHEMAS, SCORES
from chimerae.runs.evaluate import evaluate_run, scored
from chimerae.runs.folder import environment
from chimerae.runs.subjects import open_subject
from chimerae.training.state import pick_device

BATCH: Final = 16
"""Images that a foreign model sees at a time unless a number is given: its networks may be large."""
STEP: Final = 0
"""Step in the scores of a model whose training is unknown."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Results, and the folder that holds them (None where none was wanted)."""

    results: Results
    folder: Path | None
    arch: Mapping[str, Any]
    """Settings of the networks."""


def evaluate_any(
    subject: object,
    settings: Evaluation | None = None,
    *,
    data: object = None,
    out: str | Path | None = None,
    prepare: Prepare | None = None,
    code: CodeKind = "mean",
    device: str = "auto",
    progress: Progress = silent,
) -> Results:
    """Evaluate a run, or judge any other model or set of images on `data`.

    A run folder, without `out`, is evaluated on its own test split (`evaluate_run`), and keeps the scores.
    Anything else is compared with the test split of `data`, by the same metrics and protocols.

    Args:
        subject: a run folder; the folder of a model; an `AutoencoderKL` or `AutoencoderTiny` of diffusers
            (its folder, OWNER/NAME on the hub, or the module); a function from images `[B, C, H, W]` in
            [0, 1] to their reconstructions; a folder of images, which are judged as samples.
        settings: metrics and their options.
        data: a source, or data in memory. For a run folder: those that it began with, where their prepared
            arrays are gone.
        out: folder for `scores.json`, `pictures/` and a record, from which `chimerae.report` makes a page;
            nothing is written when not given.
        prepare: transform of the data; the subject's own, or that of the named data, when not given.
        code: code of reconstructions of an autoencoder of diffusers: the mean of the posterior or a draw.
        device: "auto", "cpu", "cuda" or "mps".
        progress: called while data are prepared and samples evaluated.

    Raises:
        InputError: the subject, the data or a setting cannot be used, or they do not fit each other.
    """
    is_run = isinstance(subject, str | os.PathLike) and (Path(subject) / RUN).is_file()
    if is_run and out is None:
        return evaluate_run(str(subject), settings, device=device, data=data, progress=progress)
    if data is None:
        what = str(subject) if isinstance(subject, str | os.PathLike) else "this model"
        if isinstance(subject, str | os.PathLike) and not Path(subject).exists():
            return evaluate_run(what, settings, device=device, progress=progress)
        raise InputError(f"{what} is judged on data: name a source, such as --data ./photos")
    opened = open_subject(subject, code=code, progress=progress)
    place = None if out is None else Path(out)
    return judge(
        opened, data, settings, out=place, transform=prepare, device=device, progress=progress
    ).results


def judge(
    subject: Subject,
    data: object,
    settings: Evaluation | None = None,
    *,
    out: Path | None = None,
    named: bool = False,
    transform: Prepare | None = None,
    device: str = "auto",
    command: str | None = None,
    progress: Progress = silent,
) -> Verdict:
    """Evaluate `subject` on the test split of `data`; with `out`, write a folder of results.

    Results of the same subject and data in `out` are merged, as those of a run are. With `named` and without
    `out`, the folder is `judged/SUBJECT-DATA`.

    Raises:
        InputError: subject, data and settings do not fit each other, or `out` has other contents.
    """
    with held(data) as source:
        assert source is not None
        used = _transform(subject, source, transform)
        prepared = prepare(source, used, progress=progress)
        place = pick_device(device)
        fitted = subject.fitted(prepared.shape, place)
        asked = _settings(subject, prepared, settings or Evaluation(batch_size=BATCH))
        record = _record(subject, prepared, used, asked, command)
        folder = _folder(subject, source, record) if out is None and named else out
        if folder is not None:
            _check(folder, record)
        results = evaluate(fitted.method, fitted.nets, prepared, asked, progress=progress, kind=fitted.kind)
    if folder is not None:
        _keep(folder, results, record, prepared, environment(place))
    return Verdict(results=results, folder=folder, arch=subject.arch)


def _transform(subject: Subject, source: str, given: Prepare | None) -> Prepare:
    """The transform of the data: the given one, or that of the named data in the subject's size."""
    if given is not None:
        return given
    own = preset(source)
    if subject.prepare is None or own.size is not None:
        return own
    if own == Prepare():
        return subject.prepare
    return replace(own, size=subject.prepare.size, channels=subject.prepare.channels)


def _settings(subject: Subject, prepared: Prepared, settings: Evaluation) -> Evaluation:
    """`settings` with as many samples as there are, where the subject cannot draw more."""
    if subject.n is None:
        return settings
    if settings.samples is not None and settings.samples > subject.n:
        raise InputError(f"{subject.name} has {subject.n} images, fewer than --samples {settings.samples}")
    if settings.samples is None and subject.n < min(len(prepared.test), settings.n or len(prepared.test)):
        return replace(settings, samples=subject.n)
    return settings


def _record(
    subject: Subject,
    prepared: Prepared,
    transform: Prepare,
    settings: Evaluation,
    command: str | None,
) -> dict[str, Any]:
    """Content of `judged.json`."""
    return {
        "schema": SCHEMAS[JUDGED],
        "chimerae": chimerae.__version__,
        "command": command or shlex.join(sys.argv),
        "run": {
            "method": dict(subject.method),
            "arch": dict(subject.arch),
            "data": prepared.facts.source,
            "prepare": to_dict(transform),
            "evaluation": to_dict(settings),
        },
        "parameters": dict(subject.parameters),
        "subject": {"name": subject.name, "digest": subject.digest, "data": prepared.facts.checksum},
    }


def _folder(subject: Subject, source: str, record: Mapping[str, Any]) -> Path:
    """The first of `judged/SUBJECT-DATA`, `...-2`, ... that is free or has results of the same subject."""
    stem = Path(source.rstrip("/")).name.split("@")[0]
    base = re.sub(r"[^\w.-]+", "-", f"{subject.name}-{Path(stem).stem or 'data'}").strip("-.")
    for i in range(1, 1_000_000):
        folder = Path("judged") / (base if i == 1 else f"{base}-{i}")
        if not folder.exists() or _same(folder, record):
            return folder
    raise InputError(f"judged/{base} and all its numbers are taken; choose a folder with --out")


def _same(folder: Path, record: Mapping[str, Any]) -> bool:
    """True for a folder with results of the same subject on the same data."""
    try:
        before = read_json(folder / JUDGED, "a record")
    except InputError:
        return False
    return isinstance(before, dict) and bool(before.get("subject") == record["subject"])


def _check(folder: Path, record: Mapping[str, Any]) -> None:
    """Raise `InputError` when `folder` is not empty and has no results of this subject."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is a file; choose another --out")
    if (folder / RUN).exists():
        raise InputError(f"{folder} is a run folder, which keeps its own scores; choose another --out")
    if any(folder.iterdir()) and not _same(folder, record):
        there = "results of another model or other data" if (folder / JUDGED).exists() else "other files"
        raise InputError(f"{folder} has {there}; choose another --out")


def _keep(
    folder: Path, results: Results, record: Mapping[str, Any], prepared: Prepared, env: Mapping[str, Any]
) -> None:
    """Write results and their record; the record comes first, so that the folder is known as ours."""
    before, step = scored(folder)
    if not record["subject"]["digest"]:  # a function may have changed
        before = Results()
    write_json(folder / JUDGED, record)
    write_json(folder / ENV, env)
    write_json(folder / MANIFEST, prepared.manifest)
    draw(results.shown, folder / PICTURES)
    write_scores(merged(results, before) if step == STEP else results, STEP, folder / SCORES)
