"""`chimerae interpolate RUN`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from chimerae.cli import DONE
from chimerae.cli.output import kind_of, write
from chimerae.cli.parse import parse
from chimerae.errors import InputError


@dataclass(frozen=True)
class Interpolate:
    """Walk through a run's codes between pairs of images, or between random codes when it has no encoder."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    input: str | None = None
    """A source of images, taken in pairs; the run's own test data when it is not given."""
    pairs: int = 8
    """How many pairs."""
    steps: int = 9
    """Pictures per pair, both ends included."""
    mode: Literal["spherical", "linear"] = "spherical"
    """The way through the codes."""
    out: Path = Path("interpolation.png")
    """A .png sheet with a row per pair, or as for `sample`: .npz, .npy, .zip, a folder."""
    by: str | None = None
    """The network that decodes, where a method has several."""
    seed: int = 0
    """Of random codes."""
    device: str = "auto"
    """Where to compute."""


def main(args: Sequence[str]) -> int:
    """Walk, and say where the pictures are."""
    asked = parse(Interpolate, args, prog="chimerae interpolate")
    if asked.pairs < 1:
        raise InputError(f"--pairs {asked.pairs}: ask for 1 pair or more")
    kind_of(asked.out)
    from chimerae.cli.inputs import load_inputs

    model, x = load_inputs(asked.run, asked.input, 2 * asked.pairs, asked.device)
    if len(x) < 2:
        raise InputError("one image has no way to another: give a source of 2 or more with --input")
    pairs = len(x) // 2
    if model.method.encodes:
        made = model.interpolate(
            x[:pairs], x[pairs : 2 * pairs], steps=asked.steps, mode=asked.mode, by=asked.by, seed=asked.seed
        )
    else:
        ends = model.prior(2 * pairs, seed=asked.seed).chunk(2)
        made = model.walk(*ends, steps=asked.steps, mode=asked.mode, by=asked.by)
    write(made.flatten(0, 1), asked.out, columns=asked.steps)
    print(f"{pairs} interpolations of {asked.steps} steps: {asked.out}")
    return DONE
