"""`chimerae sample RUN -n N --out FILE-OR-DIR`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from chimerae.cli import DONE
from chimerae.cli.output import kind_of, write
from chimerae.cli.parse import parse
from chimerae.errors import InputError


@dataclass(frozen=True)
class Sample:
    """Draw exactly N samples from the prior."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    n: Annotated[int, tyro.conf.arg(aliases=["-n"])] = 64
    """How many."""
    out: Path = Path("samples.png")
    """A .png sheet, a .npz or .npy array, a .zip of PNG files, or a folder for PNG files."""
    by: str | None = None
    """The network that makes them, where a method has several (AVAE: generator or decoder)."""
    seed: int = 0
    """The same seed gives the same samples."""
    device: str = "auto"
    """Where to compute."""


def main(args: Sequence[str]) -> int:
    """Draw, and say where they are."""
    asked = parse(Sample, args, prog="chimerae sample")
    if asked.n < 1:
        raise InputError(f"-n {asked.n}: ask for 1 sample or more")
    kind_of(asked.out)
    from chimerae.model import load

    samples = load(asked.run, device=asked.device).sample(asked.n, by=asked.by, seed=asked.seed)
    write(samples, asked.out)
    print(f"{len(samples)} samples: {asked.out}")
    return DONE
