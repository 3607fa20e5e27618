"""`chimerae study NAME [--seeds 3] [--scale quick|paper] [--jobs N]`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chimerae.cli import DONE, INPUT_WRONG, SIGNALLED
from chimerae.cli.console import display
from chimerae.cli.parse import parse
from chimerae.cli.places import Wanted
from chimerae.cli.study_plan import listed
from chimerae.durations import seconds
from chimerae.errors import InputError
from chimerae.features.weights import missing_for
from chimerae.studies import (
    STUDIES,
    Cell,
    Forecast,
    Interrupted,
    Place,
    Scale,
    Study,
    StudyPage,
    cells_of,
    conduct,
    slim,
    study,
    write_page,
)

HELP = """\
usage: chimerae study NAME [--seeds N] [--scale quick|paper] [options]

{studies}

A study trains and scores its grid of runs in parallel processes, and writes a
page with one table. Rerunning the command resumes: a finished run is never run
again. `chimerae study NAME --help` shows all options."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Run a study: a grid of runs and the table it fills."""

    seeds: int | None = None
    """Runs of each arm; when not given 3, or at paper scale the source's number, where it is stated."""
    scale: Scale = "quick"
    """`quick`: minutes on a few cores; `paper`: the source's settings."""
    on: Place = "local"
    """Place of the runs: `local` (processes on this machine), `ray` (a Ray cluster) or `slurm`."""
    jobs: int | None = None
    """Runs at a time; when not given as many as there is room for: one per core, or one large run or four
    small ones per GPU; on a cluster all at once."""
    threads: int | None = None
    """Threads of each run; when not given its share of the cores, and one for small runs, for equal times and
    on clusters."""
    gpu_share: float | None = None
    """Share of a GPU for each run, such as 0.25; when not given 1, and a quarter for small runs."""
    sbatch: tuple[str, ...] = ()
    """Options of Slurm, such as partition=gpu time=4h account=lab; the time of a job is 4h when not given."""
    out: Path | None = None
    """Folder for run folders and the page; `runs/NAME-SCALE` when not given."""
    publish: Path | None = None
    """Also write page and records, without weights, into this folder: small enough to be committed."""
    only: tuple[str, ...] = ()
    """Only these arms: whole names of rows, or words that names contain."""
    steps: int | None = None
    """Stop every run after so many steps; its schedules are those of the whole run, so that it can be
    resumed."""
    budget: str | None = None
    """Time in which each run of a study of equal times learns, such as 10m; the study's own when not
    given. Every job has its share of the cores."""
    steps_from: Path | None = None
    """Folder of the same study of equal times, such as a published one: every run plays as many steps as
    the first seed had time for there, whatever the speed of this machine."""
    device: str | None = None
    """Device to train on: auto, cpu, cuda, cuda:1, mps; automatic when not given."""
    page_only: bool = False
    """Train nothing; write the page from the runs that are finished."""
    dry_run: bool = False
    """Show the runs, which are finished, and an estimate of the time, and stop."""

    def __post_init__(self) -> None:
        for name in ("seeds", "jobs", "threads", "steps"):
            count = getattr(self, name)
            if count is not None and count < 1:
                raise InputError(f"--{name} must be 1 or more, not {count}")
        if self.steps_from is not None and (self.steps is not None or self.budget is not None):
            raise InputError("--steps-from gives the steps: leave out --steps and --budget")
        _ = self.wanted  # it checks its flags

    @property
    def wanted(self) -> Wanted:
        """Place and resources of the runs."""
        return Wanted(self.on, self.jobs, self.threads, self.gpu_share, self.sbatch, self.device)


def main(args: Sequence[str], verb: str = "study") -> int:
    """Run a study, and print its verdict and where its page is."""
    if not args or args[0].startswith("-"):
        if args and args[0] not in ("-h", "--help"):
            raise InputError(f"the study comes first: chimerae {verb} NAME {shlex.join(args)}")
        print(HELP.format(studies="\n".join(f"  {each.name:<24} {each.about}" for each in STUDIES)))
        return DONE if args else INPUT_WRONG
    chosen = study(args[0])
    asked = parse(Asked, args[1:], prog=f"chimerae {verb} {chosen.name}")
    folder = asked.out or Path("runs") / f"{chosen.name}-{asked.scale}"
    cells = cells_of(
        chosen,
        folder,
        scale=asked.scale,
        seeds=asked.seeds or (chosen.paper_seeds if asked.scale == "paper" else 3),
        steps=asked.steps,
        only=asked.only,
        device=asked.device,
        seconds=None if asked.budget is None else seconds(asked.budget),
        steps_from=asked.steps_from,
    )
    if asked.dry_run:
        print(_planned(cells, asked.wanted))
        return DONE
    return _study(chosen, cells, folder, asked, shlex.join(["chimerae", "study", *args]))


def empty_for_now(chosen: Study) -> list[str]:
    """Columns that stay empty, each with its missing file of published weights."""
    lines = []
    for file in missing_for(show.metric for show in chosen.shows):
        titles = ", ".join(show.title for show in chosen.shows if show.metric in file.metrics)
        lines.append(f"{titles}: stay empty, {file.wanting}")
    return lines


def _planned(cells: Sequence[Cell], wanted: Wanted) -> str:
    """All runs, with an estimate of their time."""
    forecast = Forecast(cells)
    shares, left = wanted.shares(forecast), [cell for cell in cells if not cell.finished]
    forecast.time_arms(left, lambda cell: shares(cell).threads)
    return listed(cells, forecast, wanted.places(shares, len(left)) if left else None)


def _study(chosen: Study, cells: Sequence[Cell], folder: Path, asked: Asked, command: str) -> int:
    failed: Mapping[str, str] = {}
    try:
        if not asked.page_only:
            for line in empty_for_now(chosen):
                print(line, file=sys.stderr)
            failed = _conducted(cells, folder, asked.wanted, command)
    except Interrupted as stop:
        print(f"chimerae: {stop}; go on with `{command}`", file=sys.stderr)
        return SIGNALLED + stop.signum
    page = _write(chosen, cells, folder, asked, command)
    print(f"{page.verdict}\npage: {folder / 'index.html'}")
    if failed:
        first = next(iter(failed.items()))
        raise InputError(f"{len(failed)} of {len(cells)} runs failed; {first[0]}: {first[1]}")
    return DONE


def _conducted(cells: Sequence[Cell], folder: Path, wanted: Wanted, command: str) -> Mapping[str, str]:
    """Run the cells that are not finished, and return failed ones with errors."""
    if all(cell.finished for cell in cells):
        return {}
    forecast, executor = Forecast(cells), wanted.executor(folder)
    with display() as show:
        return conduct(
            cells,
            progress=show.count,
            command=command,
            executor=executor,
            resources=wanted.shares(forecast, executor),
            forecast=forecast,
        )


def _write(chosen: Study, cells: Sequence[Cell], folder: Path, asked: Asked, command: str) -> StudyPage:
    if asked.publish is not None:
        for cell in cells:
            if cell.finished:
                shown = chosen.pictures if cell.run.seed == 0 else ()
                slim(cell, asked.publish / "cells" / cell.folder.name, pictures=shown)
        write_page(chosen, cells, asked.publish, scale=asked.scale, command=command, html=False)
    return write_page(chosen, cells, folder, scale=asked.scale, command=command)
