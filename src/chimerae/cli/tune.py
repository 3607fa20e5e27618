"""`chimerae tune METHOD-OR-RECIPE --data SOURCE --budget 2h [--set lr=1e-4:1e-2:log]`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from chimerae.cli import DONE, SIGNALLED
from chimerae.cli.console import display
from chimerae.cli.names import HELP as HELP_FLAGS
from chimerae.cli.names import expanded
from chimerae.cli.parse import parse
from chimerae.cli.request import Request, requested, unnamed
from chimerae.cli.settings_flags import flags_of
from chimerae.cli.train import named
from chimerae.config import paths_of
from chimerae.data.opened import opened_once
from chimerae.errors import InputError
from chimerae.extras import require
from chimerae.recipes.build import build
from chimerae.run_folder.search import in_short
from chimerae.runs.run import Run
from chimerae.training.signals import Stopped
from chimerae.tuning.ranges import SEARCHED, value_of
from chimerae.tuning.search import Listener
from chimerae.tuning.start import Asked, Found, conducted, searched


@dataclass(frozen=True)
class Tune:
    """Search settings of a method or recipe on your data."""

    run: Annotated[Run, tyro.conf.arg(name="")]
    out: Path | None = None
    """Folder of the search; `runs/tune-<method>-<data>` when it is not given. The same command goes on with a
    search that is there."""
    budget: str | None = None
    """Time of the whole search, such as 30m, 2h or 1h30m."""
    trials: int | None = None
    """Number of trials. With a budget it is cut into so many equal shares; trials that end early leave time
    for more."""
    set: tuple[str, ...] = ()
    """Settings to search, such as lr=1e-4:1e-2:log beta=0.1:10 z-dim=16,32,64, besides the default ones. A
    setting that is given by its flag is not searched."""
    only_set: bool = False
    """Search the settings of --set alone."""
    objective: tuple[str, ...] = ()
    """Metrics of `chimerae list metrics`, such as fvu or fd_efficientnet@decoder; of several, the geometric
    mean counts. When not given: of samples fd_efficientnet, of reconstructions fvu, of toys jsd_nats."""
    prune: bool = True
    """End trials early that are worse than the median of the others, or whose health word is hopeless."""
    dry_run: bool = False
    """Show what would be searched, and stop."""


HELP = """\
usage: chimerae tune METHOD-OR-RECIPE --data SOURCE --budget 2h
                     [--set NAME=LOW:HIGH[:log] ...] [options]

`chimerae list recipes` shows the recipes.

Many short runs, each with other settings: learning rate, batch size, width and
the method's own weights, or what --set names. They learn from one part of the
training split and are judged on another. A page shows the best settings, which
of them mattered, and the command that trains them anew. `chimerae tune avae
--help` shows the settings that people use, --help-all all of them."""


@opened_once()
def main(args: Sequence[str]) -> int:
    """Search, and print the best settings and where the page is."""
    if (code := unnamed(args, lambda: HELP)) is not None:
        return code
    of = requested(args)
    wants_help = any(flag in HELP_FLAGS for flag in of.flags)
    if not wants_help:
        require("tune")
    default = build(
        of.name, data="digits" if of.data is None and wants_help else of.data, arch=of.arch, preset=of.preset
    )
    flags = expanded(of.flags, flags_of(Tune, Tune(default)))
    given = parse(Tune, flags, prog=f"chimerae tune {of.name}", default=Tune(default))
    command = shlex.join(["chimerae", "tune", *args])
    asked = _asked(of, given, flags, command)
    if given.dry_run:
        print(_planned(asked))
        return DONE
    return _search(asked, given.out, command)


def _asked(of: Request, given: Tune, flags: Sequence[str], command: str) -> Asked:
    fixed = named(flags)
    return Asked(
        name=of.name,
        run=given.run,
        preset=of.preset,
        fixed=fixed,
        space=_space(given.set, given.run),
        only_given=given.only_set,
        objective=given.objective,
        budget=given.budget,
        trials=given.trials,
        steps=given.run.steps if "steps" in fixed else None,
        prune=given.prune,
        command=command,
    )


def _space(words: Sequence[str], run: Run) -> dict[str, str]:
    """Ranges by dotted path, from `--set`: names are whole or the last words of one setting."""
    paths = paths_of(run)
    known = [f"--{path.replace('_', '-')}" for path in paths if path.startswith(SEARCHED)]
    space = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise InputError(f"--set {word}: write NAME=LOW:HIGH, NAME=LOW:HIGH:log or NAME=VALUE,VALUE")
        if name not in paths:
            name = _whole(name, known)
        space[name] = text
    return space


def _whole(name: str, known: Sequence[str]) -> str:
    """The dotted path of a setting whose last words are `name`."""
    try:
        flag = expanded([f"--{name}"], known)[0]
    except InputError as error:
        raise InputError(
            f"--set {name}: {str(error).replace('unknown flag --', 'unknown setting ')}"
        ) from None
    return flag.removeprefix("--").replace("-", "_")


def _planned(asked: Asked) -> str:
    """The search in lines."""
    search, _, limits = searched(asked)
    each = f"{asked.steps:,} steps" if asked.steps else f"{search.share:,.0f} seconds"
    n = limits.trials or (round(limits.seconds / search.share) if limits.seconds and search.share else None)
    lines = [
        f"search: {search.recipe} on {search.data}",
        f"  {'trials':<10} {n or 'as many as fit'}, {each} each",
        f"  {'objective':<10} {', '.join(search.objective)}",
    ]
    for path, of in search.space.items():
        lines.append(f"  {path:<32} {of.text():<24} now {in_short(value_of(asked.run, path))}")
    return "\n".join(lines)


def _search(asked: Asked, out: Path | None, command: str) -> int:
    try:
        with display() as show:
            found = conducted(asked, out, Listener(show.status, show.tell))
    except Stopped as stop:
        print(f"chimerae: {stop}; go on with `{command}`", file=sys.stderr)
        return SIGNALLED + stop.signum
    print(_told(found))
    return DONE


def _told(found: Found) -> str:
    values = ", ".join(f"{name} {value:.4g}" for name, value in found.values.items())
    settings = ", ".join(f"{path} {in_short(value)}" for path, value in found.settings.items())
    return f"best: {values}\nwith: {settings}\npage: {found.folder / 'index.html'}\nnext: {found.again}"
