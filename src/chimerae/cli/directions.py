"""`chimerae directions RUN`: pictures along the directions of a run's codes, and the directions in a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from chimerae.cli import DONE
from chimerae.cli.parse import parse
from chimerae.errors import InputError, printable

if TYPE_CHECKING:
    from chimerae.runs.directions import CodeDirections


@dataclass(frozen=True)
class Ways:
    """Draw the directions in which codes vary most, and those towards labels."""

    run: tyro.conf.Positional[Path]
    """The run folder, or OWNER/NAME on the Hugging Face hub."""
    data: str | None = None
    """A source whose training images are encoded, as for `train`; the run's own data when it is not given."""
    n: int = 2000
    """Number of images that are encoded, at most."""
    count: int = 8
    """Number of directions of each kind, at most."""
    labels: tuple[str, ...] | None = None
    """Labels that get a direction, by name or number; those with the widest gaps when not given."""
    out: Path = Path("directions.png")
    """A .png sheet; a .safetensors file with the directions stands beside it."""
    starts: int = 4
    """Number of held-out images from which the walks start."""
    reach: float = 2.0
    """Distance of the outermost pictures from the start, in deviations of the codes."""
    steps: int = 5
    """Pictures on a walk, an odd number."""
    from_prior: bool = False
    """Start from codes drawn from the prior, also where the method has an encoder."""
    seed: int = 0
    """Seed of codes that are drawn."""
    device: str = "auto"
    """Device to compute on: auto, cpu, cuda, cuda:1, mps."""


def main(args: Sequence[str]) -> int:
    """Find directions, draw them, and print a table."""
    asked = parse(Ways, args, prog="chimerae directions")
    if asked.out.suffix.lower() != ".png":
        raise InputError(f"cannot write {asked.out}: use a name that ends in .png")
    from chimerae import pictures
    from chimerae.cli.console import display
    from chimerae.runs.directions import directions
    from chimerae.shapes import is_image

    with display() as show:
        found = directions(
            asked.run,
            data=asked.data,
            n=asked.n,
            count=asked.count,
            labels=asked.labels,
            seed=asked.seed,
            device=asked.device,
            progress=show.count,
        )
    written = []
    if is_image(found.codec.shape):
        sheet = found.picture(
            starts=asked.starts, reach=asked.reach, steps=asked.steps, from_prior=asked.from_prior
        )
        pictures.save(sheet, asked.out)
        written.append(str(asked.out))
    written.append(str(found.save(asked.out.with_suffix(".safetensors"))))
    print("\n".join(_told(found)))
    print(f"directions: {', '.join(written)}")
    return DONE


def _told(found: CodeDirections) -> Iterator[str]:
    """Tables of both kinds of directions, each below its origin."""
    ways = found.principal
    if found.lack:
        yield f"no codes of data: {found.lack}"
    yield ways.about
    shares = ways.shares
    columns = "" if shares is None else "   share"
    yield f"  direction  deviation{columns}"
    for i, deviation in enumerate(ways.deviations.tolist()):
        yield f"  {i + 1:>9}  {deviation:>9.3g}" + ("" if shares is None else f"  {float(shares[i]):>6.1%}")
    if found.labelled is None:
        return
    ways, gaps = found.labelled.directions, found.labelled.gaps.tolist()
    assert ways.shares is not None
    wide = max(9, *(len(printable(name)) for name in found.names))
    yield ways.about
    yield f"  {'label':>{wide}}  deviation   share     gap"
    rows = zip(found.names, ways.deviations.tolist(), ways.shares.tolist(), gaps, strict=True)
    for name, deviation, share, gap in rows:
        yield f"  {printable(name):>{wide}}  {deviation:>9.3g}  {share:>6.1%}  {gap:>6.3g}"
