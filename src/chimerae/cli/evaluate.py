"""`chimerae evaluate RUN`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from chimerae.cli import DONE
from chimerae.cli.console import display
from chimerae.cli.parse import parse
from chimerae.evaluation import Evaluation, Results
from chimerae.run_folder.schema import RUN, SCORES
from chimerae.runs.evaluate import evaluate_run, scored
from chimerae.runs.folder import read_run


@dataclass(frozen=True)
class Evaluate:
    """Score a run on its test data, into its `scores.json` and `pictures/`."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    evaluation: Annotated[Evaluation, tyro.conf.arg(name="")]
    device: str = "auto"
    """Device to compute on: auto, cpu, cuda, cuda:1, mps."""
    json: bool = False
    """Print the scores as JSON."""


def main(args: Sequence[str]) -> int:
    """Evaluate, and print the scores."""
    where = next((Path(a) for a in args if (Path(a) / RUN).is_file()), None)
    settings = Evaluation() if where is None else read_run(where).evaluation
    default = Evaluate(run=tyro.MISSING, evaluation=settings)
    asked = parse(Evaluate, args, prog="chimerae evaluate", default=default)
    before = scored(asked.run)
    with display() as show:
        results = evaluate_run(asked.run, asked.evaluation, device=asked.device, progress=show.count)
    print((asked.run / SCORES).read_text() if asked.json else table(results))
    if told := beside(results, before, scored(asked.run)):
        print(told, file=sys.stderr)
    return DONE


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
