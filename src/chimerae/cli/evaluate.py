"""`chimerae evaluate RUN`, and `chimerae evaluate MODEL --data SOURCE` for models of others."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from chimerae.cli import DONE
from chimerae.cli.console import display
from chimerae.cli.parse import parse
from chimerae.data import Prepare
from chimerae.errors import InputError
from chimerae.evaluation import Evaluation, Results
from chimerae.foreign import CodeKind
from chimerae.run_folder.schema import RUN, SCORES
from chimerae.runs.evaluate import evaluate_run, scored
from chimerae.runs.folder import read_run
from chimerae.runs.judge import BATCH, judge
from chimerae.runs.subjects import open_subject


@dataclass(frozen=True)
class Evaluate:
    """Score a run on its test data, or judge any model or images on --data."""

    run: tyro.conf.Positional[str]
    """The run folder. With --data also: the folder of an AutoencoderKL or AutoencoderTiny of diffusers, or
    its OWNER/NAME on the hub; ./FILE.py:FUNCTION from images in [0, 1] to reconstructions; the folder of a
    model; a folder of images, which are judged as samples."""
    evaluation: Annotated[Evaluation, tyro.conf.arg(name="")]
    prepare: Prepare
    data: str | None = None
    """Source whose test split a model of others is judged on, as for `train`."""
    out: Path | None = None
    """Folder for its results, from which `chimerae report` makes a page; judged/MODEL-DATA when not given."""
    code: CodeKind = "mean"
    """Code of reconstructions of an autoencoder of diffusers: the mean of the posterior, or a draw."""
    device: str = "auto"
    """Device to compute on: auto, cpu, cuda, cuda:1, mps."""
    json: bool = False
    """Print the scores as JSON."""


def main(args: Sequence[str]) -> int:
    """Evaluate, and print the scores."""
    where = next((Path(a) for a in args if (Path(a) / RUN).is_file()), None)
    judged = any(arg.partition("=")[0] == "--data" for arg in args)
    settings = Evaluation() if where is None else read_run(where).evaluation
    if judged:
        settings = Evaluation(batch_size=BATCH)
    default = Evaluate(run=tyro.MISSING, evaluation=settings, prepare=Prepare())
    asked = parse(Evaluate, args, prog="chimerae evaluate", default=default)
    return _judge(asked, args) if judged else _evaluate(asked)


def _evaluate(asked: Evaluate) -> int:
    """Evaluate a run of ours on its own data."""
    folder = Path(asked.run)
    if not (folder / RUN).is_file() and (folder.exists() or ":" in asked.run):
        raise InputError(f"{asked.run} is no run folder; to judge it, name a source: --data ./photos")
    if asked.out or asked.code != "mean" or asked.prepare != Prepare():
        raise InputError("--out, --code and --prepare are for other data: name their source with --data")
    before = scored(folder)
    with display() as show:
        results = evaluate_run(folder, asked.evaluation, device=asked.device, progress=show.count)
    print((folder / SCORES).read_text() if asked.json else table(results))
    if told := beside(results, before, scored(folder)):
        print(told, file=sys.stderr)
    return DONE


def _judge(asked: Evaluate, args: Sequence[str]) -> int:
    """Judge anything on `--data`."""
    transform = None if asked.prepare == Prepare() else asked.prepare
    with display() as show:
        subject = open_subject(asked.run, code=asked.code, progress=show.count)
        verdict = judge(
            subject,
            asked.data,
            asked.evaluation,
            out=asked.out,
            named=True,
            transform=transform,
            device=asked.device,
            command=shlex.join(["chimerae", "evaluate", *args]),
            progress=show.count,
        )
    assert verdict.folder is not None
    if asked.json:
        print((verdict.folder / SCORES).read_text())
        return DONE
    print(table(verdict.results))
    if told := of_codes(verdict.results.latents, verdict.arch):
        print(told)
    print(f"done: {verdict.folder}\nnext: chimerae report {verdict.folder}")
    return DONE


def of_codes(latents: Mapping[str, Any], arch: Mapping[str, Any]) -> str:
    """A sentence about the scaling of codes, beside that of the model's config; '' where codes are no maps.

    >>> of_codes({"shape": [4, 8, 8], "scaling": 0.25}, {"scaling_factor": 0.5})
    'codes 4x8x8: scaling 0.25 (its config: 0.5); mean and deviation by channel are in scores.json'
    """
    if not latents:
        return ""
    shape, scaling = "x".join(map(str, latents["shape"])), latents["scaling"]
    told = "all alike" if scaling is None else f"scaling {scaling:.4g}"
    stated = arch.get("scaling_factor")
    told += f" (its config: {stated:.4g})" if isinstance(stated, int | float) else ""
    return f"codes {shape}: {told}; mean and deviation by channel are in {SCORES}"


def beside(new: Results, before: tuple[Results, int], after: tuple[Results, int]) -> str:
    """A sentence about scores of earlier evaluations: kept beside the `new` ones, or dropped; '' for none."""
    if before[0].scores and before[1] != after[1]:
        dropped = len(before[0].scores)
        return f"dropped {dropped} scores of step {before[1]:,}: the weights are those of step {after[1]:,}"
    others = len(after[0].scores) - len(new.scores)
    return f"scores.json also keeps {others} scores of earlier evaluations" if others > 0 else ""


def table(results: Results) -> str:
    """The scores as aligned text, with absent metrics and the reasons."""
    rows = [
        (s.metric, s.of, f"{s.value:.5g}", "" if s.std is None else f"± {s.std:.2g}", f"n = {s.n:,}")
        for s in results.scores
    ]
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(5)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    lines += [
        f"{', '.join(m for m, why in results.absent.items() if why == reason)}: absent, {reason}"
        for reason in dict.fromkeys(results.absent.values())
    ]
    return "\n".join(lines)
