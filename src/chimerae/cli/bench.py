"""`chimerae bench METHOD-OR-RECIPE [--shape 3 32 32 | --data SOURCE] [--arch.width 32 ...] [--json]`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro

from chimerae.bench import measure
from chimerae.cli import DONE
from chimerae.cli.examples import examples_of
from chimerae.cli.parse import parse
from chimerae.cli.request import requested, unnamed
from chimerae.data import source_info
from chimerae.data.opened import opened_once
from chimerae.errors import InputError
from chimerae.recipes.build import build
from chimerae.recipes.precision import with_precision
from chimerae.recipes.sizing import sized
from chimerae.recipes.threads import with_threads
from chimerae.runs.run import Run
from chimerae.shapes import Shape

IMAGES, POINTS = "digits", "8gaussians"
"""Sources that stand for images and for points; only their kind counts."""
SHAPE = (3, 32, 32)


@dataclass(frozen=True)
class BenchStep:
    """Measure one training step of a method on this machine: time, arithmetic, passes, kinds of work, memory.

    Nothing is trained or written, and the data are noise. Settings are those of `chimerae train`.
    """

    run: Annotated[Run, tyro.conf.arg(name="")]
    shape: tuple[int, ...] | None = None
    """Shape of one sample: channels, height and width of images (3 32 32 if not given), or 2 for points. With
    --data it is that of the data."""
    timed: int = 20
    """Steps that are timed; 2 or more."""
    json: bool = False
    """Print the measurement as JSON."""


HELP = """\
usage: chimerae bench METHOD-OR-RECIPE [--shape 3 32 32 | --data SOURCE]
                      [--timed N] [--json] [options]

Measures one training step on this machine: milliseconds, GFLOP and the share of
the machine's own matrix rate, forward and backward passes of each network, time
by kind of work, and peak memory. Nothing is trained or written. Options are
those of `chimerae train`, such as --arch.width 64, --training.batch-size 128,
--training.precision bfloat16 and --preset paper; `chimerae bench avae --help`
shows them all."""


@opened_once()
def main(args: Sequence[str]) -> int:
    """Measure, and print what was found.

    Raises:
        InputError: an argument is wrong, or the networks cannot be built for the shape.
    """
    if (code := unnamed(args, lambda: f"{HELP}\n\n{examples_of('chimerae bench')}")) is not None:
        return code
    of = requested(args)
    if of.origin is not None:
        raise InputError("--from is for train: a step takes as long from any weights")
    points = _gives_points(of.flags)
    run = build(of.name, data=of.data or (POINTS if points else IMAGES), arch=of.arch, preset=of.preset)
    asked = parse(BenchStep, of.flags, prog=f"chimerae bench {of.name}", default=BenchStep(run))
    _check(asked, of.data)
    shape = _shape_of(asked.run) if of.data is not None else asked.shape or ((2,) if points else SHAPE)
    asked.run.arch.check(shape)
    chosen, _ = with_precision(with_threads(asked.run, shape)[0], shape)
    print(f"bench: timing {asked.timed} steps", file=sys.stderr, flush=True)
    found = measure(chosen, shape, steps=asked.timed)
    print(json.dumps(found.facts, indent=2) if asked.json else found.text())
    return DONE


def _check(asked: BenchStep, data: str | None) -> None:
    if asked.timed < 2:
        raise InputError(f"--timed must be 2 or more, not {asked.timed}")
    if asked.shape is None:
        return
    if data is not None:
        raise InputError("give --shape or --data, and not both")
    if len(asked.shape) not in (1, 3) or min(asked.shape) < 1:
        given = " ".join(map(str, asked.shape))
        raise InputError(
            f"--shape must be channels, height and width (3 32 32), or one number for points, not {given}"
        )


def _gives_points(flags: Sequence[str]) -> bool:
    """True when `--shape` is followed by a single number.

    >>> _gives_points(["--shape", "2"]), _gives_points(["--shape", "1", "8", "8"]), _gives_points([])
    (True, False, False)
    """
    if any(flag.startswith("--shape=") for flag in flags):
        return True
    if "--shape" not in flags:
        return False
    rest = flags[flags.index("--shape") + 1 :]
    return len(rest) == 1 or (len(rest) > 1 and rest[1].startswith("--"))


def _shape_of(run: Run) -> Shape:
    """Shape in which the networks see the data of `run`."""
    settled, _ = sized(run)
    final = source_info(settled.data, settled.prepare).final
    assert final is not None
    return final
