"""`chimerae reproduce [NAME]`: the tables and figures of the sources, and what each needs."""

from __future__ import annotations

from collections.abc import Sequence

from chimerae.cli import DONE
from chimerae.cli import study as study_verb
from chimerae.data import is_here
from chimerae.features.weights import missing_for
from chimerae.studies import STUDIES, Study

HELP = """\
usage: chimerae reproduce NAME [--seeds N] [--only ROW ...] [options]

Trains and scores every row of a table of the papers at the papers' own scale,
and puts their numbers beside ours. It is `chimerae study NAME --scale paper`;
`--scale quick` is for a few cores.

{tables}

Data that are not here come from local copies in --data-root DIR, or from the Hub
where it has them. Columns whose published weights are not here stay empty:
`chimerae weights list`."""


def main(args: Sequence[str]) -> int:
    """List the tables, or run one."""
    if not args or args[0] in ("-h", "--help"):
        print(HELP.format(tables="\n".join(_told(each) for each in STUDIES)))
        return DONE
    scaled = any(arg == "--scale" or arg.startswith("--scale=") for arg in args)
    return study_verb.main([*args, *([] if scaled else ["--scale", "paper"])], verb="reproduce")


def _told(study: Study) -> str:
    """Name, source, number of runs, data and missing weights of a table."""
    arms = study.arms("paper")
    here = {name: is_here(name) for name in dict.fromkeys(arm.run.data for arm in arms)}
    data = ", ".join(name if there else f"{name} (not here)" for name, there in here.items())
    lines = [f"  {study.name:<24} {study.source}", f"  {'':<24} {len(arms)} rows; data: {data}"]
    lost = ", ".join(file.file for file in missing_for(show.metric for show in study.shows))
    return "\n".join([*lines, *([f"  {'':<24} weights that are not here: {lost}"] if lost else [])])
