"""`chimerae reconstruct RUN --input me.jpg`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tyro

from chimerae.cli import DONE
from chimerae.cli.output import kind_of, write
from chimerae.cli.parse import parse

COLUMNS = 16
"""Images side by side in a sheet."""
FEW = 4
"""Up to this number, images are enlarged."""
LARGE = 192
"""Longer side of enlarged images in pixels."""


@dataclass(frozen=True)
class Reconstruct:
    """Encode and decode your images, after the run's own crop and size."""

    run: tyro.conf.Positional[Path]
    """The run folder, or OWNER/NAME on the Hugging Face hub."""
    input: tuple[str, ...] | None = None
    """Images, folders of images or other sources, none of them split; the run's own test data when it is not
    given."""
    n: int | None = None
    """Number of images, at most; all of --input, or 64 of the test data, when it is not given."""
    out: Path = Path("reconstructions.png")
    """A .png sheet (originals and every network's answer), or as for `sample`: .npz, .npy, .zip, a folder;
    the names of the images are kept in a folder, a .zip and a .npz."""
    network: str | None = None
    """The network that decodes; a sheet shows every one's answer when it is not given."""
    label: tuple[str, ...] | None = None
    """Labels of the images, numbers or names, one for all or one for each, for a run with --method.classes;
    test data have their own."""
    seed: int = 0
    """Seed of the noise in codes that are drawn from the posterior."""
    device: str = "auto"
    """Device to compute on: auto, cpu, cuda, cuda:1, mps."""


def main(args: Sequence[str]) -> int:
    """Reconstruct, and print where the result is."""
    asked = parse(Reconstruct, args, prog="chimerae reconstruct")
    kind = kind_of(asked.out)
    from chimerae import pictures
    from chimerae.cli.inputs import load_inputs
    from chimerae.shapes import is_image

    model, given = load_inputs(asked.run, asked.input, asked.n, asked.device, asked.label)
    x, rebuild = given.x, partial(model.reconstruct, given.x, labels=given.labels, seed=asked.seed)
    if kind == ".png" and is_image(model.shape):
        decoders = model.decoders if asked.network is None else (asked.network,)
        made = {network: rebuild(network=network) for network in decoders}
        scale = max(1, LARGE // max(model.shape[1:])) if len(x) <= FEW else None
        blocks = [
            pictures.rows(
                {name: images[i : i + COLUMNS] for name, images in {"originals": x, **made}.items()},
                scale=scale,
            )
            for i in range(0, len(x), COLUMNS)
        ]
        pictures.save(blocks[0] if len(blocks) == 1 else pictures.stacked(blocks), asked.out)
    else:
        write(rebuild(network=asked.network), asked.out, names=given.names)
    print(f"{len(x)} reconstruction{'s' if len(x) > 1 else ''}: {asked.out}")
    return DONE
