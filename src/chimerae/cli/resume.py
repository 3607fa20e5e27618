"""`chimerae resume RUN [--steps N] [--set lr=1e-4 ...]`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from chimerae.cli.names import expanded
from chimerae.cli.parse import parse
from chimerae.cli.train import learn
from chimerae.config import paths_of
from chimerae.errors import InputError
from chimerae.runs.changes import with_all_players
from chimerae.runs.folder import read_run
from chimerae.runs.run import Run
from chimerae.runs.train import resume


@dataclass(frozen=True)
class Resume:
    """Go on with a run from its newest saved state (on a CPU bit for bit)."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    steps: int | None = None
    """Train to this many steps in all; schedules stretch to it."""
    set: tuple[str, ...] = ()
    """Settings of training or of the method to change from here on, such as lr=1e-4 method.beta=2. run.json
    records them with the step."""


def main(args: Sequence[str]) -> int:
    """Resume, and print where the run folder is."""
    asked = parse(Resume, args, prog="chimerae resume")
    settings = _settings(asked.set, read_run(asked.run)) if asked.set else {}
    return learn(
        lambda callbacks: resume(asked.run, steps=asked.steps, settings=settings, callbacks=callbacks)
    )


def _settings(given: Sequence[str], run: Run) -> dict[str, Any]:
    """Settings by dotted path, from `NAME=VALUE` with whole or short names."""
    flags = [f"--{path.replace('_', '-')}" for path in paths_of(with_all_players(run))]
    settings: dict[str, Any] = {}
    for text in given:
        if "=" not in text.strip("="):
            raise InputError(f"--set {text}: give a setting and its value, such as lr=1e-4")
        try:
            flag = expanded([f"--{text}"], flags)[0]
        except InputError as error:
            raise InputError(str(error).replace("unknown flag --", "--set: unknown setting ")) from None
        name, _, value = flag.removeprefix("--").partition("=")
        settings[name.replace("-", "_")] = _value(value)
    return settings


def _value(text: str) -> Any:
    """A number, boolean or null as in JSON, and any other text as it stands.

    >>> _value("1e-4"), _value("true"), _value("cosine")
    (0.0001, True, 'cosine')
    """
    try:
        return json.loads(text)
    except ValueError:
        return text
