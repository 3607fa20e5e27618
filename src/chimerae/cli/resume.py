"""`chimerae resume RUN [--steps N]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from chimerae.cli.parse import parse
from chimerae.cli.train import learn
from chimerae.runs.train import resume


@dataclass(frozen=True)
class Resume:
    """Go on with a run from its newest saved state (on a CPU bit for bit)."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    steps: int | None = None
    """Train to this many steps in all; schedules stretch to it."""


def main(args: Sequence[str]) -> int:
    """Resume, and print where the run folder is."""
    asked = parse(Resume, args, prog="chimerae resume")
    return learn(lambda callbacks: resume(asked.run, steps=asked.steps, callbacks=callbacks))
