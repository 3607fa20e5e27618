"""`chimerae encode RUN --to FOLDER [--data SOURCE]`: the codes of a data set in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from chimerae.cli import DONE
from chimerae.cli.parse import parse
from chimerae.files import read_json


@dataclass(frozen=True)
class Encode:
    """Write the codes of a data set into files, for other models to learn."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    to: Path
    """Folder for the files."""
    data: str | None = None
    """A source, as for `train`; the run's own data when it is not given."""
    code: Literal["mean", "draw"] = "mean"
    """Mean of each posterior, or a draw from it."""
    flips: bool = False
    """Write the codes of the mirrored images too."""
    shard: int = 4096
    """Samples of a file."""
    seed: int = 0
    """Seed of draws."""
    device: str = "auto"
    """Device to compute on: auto, cpu, cuda, cuda:1, mps."""


def main(args: Sequence[str]) -> int:
    """Encode, and print where the codes are, their shape and their scaling."""
    asked = parse(Encode, args, prog="chimerae encode")
    from chimerae.cli.console import display
    from chimerae.runs.encode import Request, encode

    form = Request(code=asked.code, flips=asked.flips, shard=asked.shard, seed=asked.seed)
    with display() as show:
        path = encode(
            asked.run, asked.to, data=asked.data, asked=form, device=asked.device, progress=show.count
        )
    facts = read_json(path, "codes")
    shape, scaling = "x".join(map(str, facts["shape"])), facts["scaling"]
    told = "all codes are alike" if scaling is None else f"scaling {scaling:.4g}"
    print(f"{sum(facts['counts'].values()):,} codes of {shape}, {told}: {asked.to}")
    return DONE
