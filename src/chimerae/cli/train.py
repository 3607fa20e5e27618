"""`chimerae train METHOD-OR-RECIPE --data SOURCE [--steps N] [--seed S] [--out DIR] [--method.beta 5
...]`.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from chimerae.cli import DONE, SIGNALLED, started
from chimerae.cli.console import display
from chimerae.cli.names import HELP as HELP_FLAGS
from chimerae.cli.names import expanded
from chimerae.cli.parse import parse
from chimerae.cli.request import requested, unnamed
from chimerae.cli.settings_flags import flags_of
from chimerae.config import to_dict
from chimerae.data.opened import opened_once
from chimerae.errors import Elsewhere
from chimerae.loggers import checked
from chimerae.parallel import place
from chimerae.recipes.build import build
from chimerae.recipes.planning import Wish, wish
from chimerae.recipes.presets import RECIPES
from chimerae.remedies import ending
from chimerae.runs.callbacks import SILENT, Callbacks, shown_by
from chimerae.runs.folder import free_folder
from chimerae.runs.origin import adopted
from chimerae.runs.run import Run
from chimerae.runs.train import foresee, start
from chimerae.training.players import NotFinite
from chimerae.training.signals import Stopped


@dataclass(frozen=True)
class Train:
    """Train a method or recipe on your data."""

    run: Annotated[Run, tyro.conf.arg(name="")]
    out: Path | None = None
    """The run folder; the first free `runs/<method>-<data>` when it is not given."""
    budget: str | None = None
    """Time from now to the end of `evaluate`, such as 10m, 2h or 1h30m: steps, and width and size where they
    are not given, are chosen to fit. Without it and --steps, 15 minutes on a CPU, an hour on a GPU."""
    log_to: tuple[str, ...] = ()
    """Loggers that show the run as well: tensorboard, wandb, mlflow, trackio."""
    dry_run: bool = False
    """Show the plan and the resolved settings, and stop."""


HELP = """\
usage: chimerae train METHOD-OR-RECIPE --data SOURCE [--budget 10m | --steps N] [--seed S] [--out DIR]
[--arch NAME] [--from MODEL] [options]

{recipes}

--preset short, the default, has settings that learn from images within
minutes; --preset paper has those of the source. --arch is mlp for points when
it is not given, and for images dcgan, or with --preset paper what the recipe
names. --from is a model that kl-gan begins with: a run, or an AutoencoderKL of
diffusers; --train decoder leaves its encoder as it is.
`chimerae train avae --help` shows the settings that people use,
--help-all all of them; `chimerae list data` shows sources. `--data-root DIR` is
the folder of data sets that have a name there."""


@opened_once()
def main(args: Sequence[str]) -> int:
    """Train, and print where the run folder is."""
    if (code := unnamed(args, _help)) is not None:
        return code
    of = requested(args)
    wants_help = any(flag in HELP_FLAGS for flag in of.flags)
    source = "digits" if of.data is None and wants_help else of.data
    default = build(of.name, data=source, arch=of.arch, preset=of.preset)
    if of.origin is not None:
        default = adopted(default, of.origin)
    flags = expanded(of.flags, flags_of(Train, Train(default)))
    asked = parse(Train, flags, prog=f"chimerae train {of.name}", default=Train(default))
    open_ = wish(of.name, asked.run, named(flags), asked.budget, of.preset)
    paper = build(of.name, data=source, arch=of.arch) if of.preset == "short" else None
    if asked.dry_run:
        return rehearse(asked, open_, paper)
    command = shlex.join(["chimerae", "train", *args])
    return learn(
        lambda callbacks: start(
            asked.run,
            out=asked.out,
            callbacks=callbacks,
            command=command,
            wish=open_,
            paper=paper,
            began=started(),
        ),
        asked.log_to,
    )


def _help() -> str:
    return HELP.format(recipes="\n".join(f"  {r.name:<14} {r.about}" for r in RECIPES))


def named(flags: Sequence[str]) -> set[str]:
    """Dotted paths of the settings that flags give.

    >>> sorted(named(["--steps", "5", "--arch.width=24", "--method.z-dim", "3"]))
    ['arch.width', 'method.z_dim', 'steps']
    """
    return {f[2:].split("=")[0].replace("-", "_") for f in flags if f.startswith("--")}


def rehearse(asked: Train, open_: Wish, paper: Run | None) -> int:
    """Print the plan, and the settings as `run.json` would hold them."""
    if place().rank:
        return DONE
    with display() as show:
        folder = asked.out or free_folder(asked.run)
        ahead = foresee(asked.run, folder, callbacks=shown_by(show), wish=open_, paper=paper, began=started())
    print(json.dumps(to_dict(ahead.run), indent=2))
    return DONE


def learn(work: Callable[[Callbacks], Path], log_to: Sequence[str] = ()) -> int:
    """Do `work`, which returns a run folder, under a live line, and print the outcome."""
    if place().rank:
        return _learn_silently(work)
    loggers = checked(log_to)
    try:
        with display() as show:
            folder = work(shown_by(show, loggers))
    except Stopped as stop:
        print(
            f"chimerae: {stop}; go on with `chimerae resume {shlex.quote(str(stop.folder))}`", file=sys.stderr
        )
        return SIGNALLED + stop.signum
    if told := ending(folder):
        print(told)
    print(f"done: {folder}\nnext: chimerae evaluate {folder}; chimerae report {folder}")
    return DONE


def _learn_silently(work: Callable[[Callbacks], Path]) -> int:
    """Do `work` as one of several processes; the first one prints the outcome."""
    try:
        work(SILENT)
    except Stopped as stop:
        return SIGNALLED + stop.signum
    except NotFinite as error:
        raise Elsewhere(str(error)) from None
    return DONE
