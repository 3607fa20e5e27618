"""`chimerae reconstruct RUN --input SOURCE`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from chimerae.cli import DONE
from chimerae.cli.output import kind_of, write
from chimerae.cli.parse import parse


@dataclass(frozen=True)
class Reconstruct:
    """Encode and decode your images, prepared as the run's own were."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    input: str | None = None
    """A source of images (or points); the run's own test data when it is not given."""
    n: int = 64
    """At most so many of them."""
    out: Path = Path("reconstructions.png")
    """A .png sheet (originals and every network's answer), or as for `sample`: .npz, .npy, .zip, a folder."""
    by: str | None = None
    """The network that decodes; a sheet shows every one's answer when it is not given."""
    seed: int = 0
    """Of the noise in codes that are drawn from the posterior."""
    device: str = "auto"
    """Where to compute."""


def main(args: Sequence[str]) -> int:
    """Reconstruct, and say where the result is."""
    asked = parse(Reconstruct, args, prog="chimerae reconstruct")
    kind = kind_of(asked.out)
    from chimerae import pictures
    from chimerae.cli.inputs import load_inputs
    from chimerae.shapes import is_image

    model, x = load_inputs(asked.run, asked.input, asked.n, asked.device)
    if kind == ".png" and is_image(model.shape):
        decoders = model.decoders if asked.by is None else (asked.by,)
        made = {by: model.reconstruct(x, by=by, seed=asked.seed) for by in decoders}
        pictures.save(pictures.rows({"originals": x, **made}), asked.out)
    else:
        write(model.reconstruct(x, by=asked.by, seed=asked.seed), asked.out)
    print(f"{len(x)} reconstructions: {asked.out}")
    return DONE
