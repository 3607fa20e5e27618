"""Verdicts of several runs as a page shows them, with the state of each run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chimerae.report.compare import LabelledRun
from chimerae.report.read import RunFolder
from chimerae.report.verdict import verdict
from chimerae.run_folder.fields import number
from chimerae.tables import plural

SEEN = "Seen on the pictures drawn while it learns:"


@dataclass(frozen=True)
class Judged:
    """The verdict on one run, or on several that differ only by the seed and share it."""

    label: str
    colour: str
    text: str
    states: tuple[str, ...]
    """Sentences about runs that are unfinished, unevaluated or unhealthy at the end."""


def judged(named: Sequence[LabelledRun]) -> list[Judged]:
    """The verdicts in the order of the runs.

    Raises:
        InputError: a picture of a run cannot be read.
    """
    told: dict[tuple[str, str, tuple[str, ...]], list[LabelledRun]] = {}
    for entry in named:
        text = verdict(entry.run)
        if not entry.run.scores and not text.startswith("Nothing"):
            text = f"{SEEN} {text[0].lower()}{text[1:]}"
        told.setdefault((entry.group, text, tuple(states(entry.run))), []).append(entry)
    return [Judged(_label(runs), runs[0].colour, text, said) for (_, text, said), runs in told.items()]


def _label(runs: Sequence[LabelledRun]) -> str:
    return runs[0].label if len(runs) == 1 else f"{runs[0].group}, {plural(len(runs), 'seed')} alike"


def states(run: RunFolder) -> Iterator[str]:
    """Sentences about the state of a run that qualify its verdict, with the command that helps, if any."""
    folder = run.path
    if run.reached < run.steps:
        yield (
            f"Not finished: step {run.reached:,} of {run.steps:,}. `chimerae resume {folder}` goes on."
            if run.log
            else f"Not finished: nothing of {run.steps:,} steps is logged yet. "
            f"`chimerae resume {folder}` goes on."
        )
    step = number(run.scores_record.get("step"))
    if not run.scores:
        yield f"Not evaluated: `chimerae evaluate {folder}` measures it."
    elif step < run.reached:
        yield (
            f"Evaluated at step {step:,.0f}, trained to step {run.reached:,}: "
            f"`chimerae evaluate {folder}` measures it again."
        )
    last = run.log[-1].ailment if run.log else ""
    if last:
        yield f"Health at step {run.reached:,}: {last}."
