"""`chimerae interpolate RUN --input a.jpg b.jpg --out walk.gif`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from chimerae.cli import DONE
from chimerae.cli.output import kind_of, write
from chimerae.cli.parse import parse
from chimerae.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

FILMS = (".gif", ".mp4")
SHEET_STEPS, FILM_STEPS = 9, 33
LARGE = 256
"""Longer side, in pixels, of the only image of a film."""


@dataclass(frozen=True)
class Interpolate:
    """Walk through a run's codes between pairs of images, or between random codes when it has no encoder."""

    run: tyro.conf.Positional[Path]
    """The run folder, or OWNER/NAME on the Hugging Face hub."""
    input: tuple[str, ...] | None = None
    """Two images, or a folder or other source of which the first half is paired with the second; the run's
    own test data when it is not given."""
    pairs: int = 8
    """Number of pairs, at most."""
    steps: int | None = None
    """Pictures per pair, both ends included; 9, or 33 in a film, when it is not given."""
    mode: Literal["spherical", "linear"] = "spherical"
    """The way through the codes."""
    out: Path = Path("interpolation.png")
    """A .png sheet with a row per pair, a film (.gif, or .mp4 where ffmpeg is installed) of all pairs there
    and back, or as for `sample`: .npz, .npy, .zip, a folder."""
    network: str | None = None
    """The network that decodes, where a method has several."""
    label: tuple[str, ...] | None = None
    """Labels of the ends, numbers or names, one for all or one for each, for a run with --method.classes;
    test data have their own."""
    seed: int = 0
    """Seed of random codes."""
    device: str = "auto"
    """Device to compute on: auto, cpu, cuda, cuda:1, mps."""


def main(args: Sequence[str]) -> int:
    """Walk, and print where the pictures are."""
    asked = parse(Interpolate, args, prog="chimerae interpolate")
    if asked.pairs < 1:
        raise InputError(f"--pairs {asked.pairs}: ask for 1 pair or more")
    moves = _moves(asked.out)
    from chimerae.cli.inputs import load_inputs
    from chimerae.shapes import is_image

    model, given = load_inputs(asked.run, asked.input, 2 * asked.pairs, asked.device, asked.label)
    x = given.x
    if len(x) < 2:
        raise InputError("one image has no way to another: give 2 or more with --input, as in a.jpg b.jpg")
    if moves and not is_image(model.shape):
        raise InputError(f"points have no film: choose .png, .npz or .npy in place of {asked.out}")
    steps = asked.steps if asked.steps is not None else FILM_STEPS if moves else SHEET_STEPS
    pairs = len(x) // 2
    y = given.labels
    labels = None if y is None else (y[:pairs], y[pairs : 2 * pairs])
    if model.method.encodes:
        made = model.interpolate(
            x[:pairs],
            x[pairs : 2 * pairs],
            steps=steps,
            mode=asked.mode,
            labels=labels,
            network=asked.network,
            seed=asked.seed,
        )
    else:
        ends = model.prior(2 * pairs, seed=asked.seed).chunk(2)
        made = model.walk(*ends, steps=steps, mode=asked.mode, labels=labels, network=asked.network)
    if moves:
        _film(made, asked.out)
    else:
        write(made.flatten(0, 1), asked.out, columns=steps)
    print(f"{pairs} interpolation{'s' if pairs > 1 else ''} of {steps} steps: {asked.out}")
    return DONE


def _moves(out: Path) -> bool:
    """True when `out` is a film.

    Raises:
        InputError: it cannot be written, or needs a missing ffmpeg.
    """
    from chimerae import pictures

    if out.suffix.lower() not in FILMS:
        try:
            kind_of(out)
        except InputError as error:
            raise InputError(f"{error}, or a film: .gif, .mp4") from None
    elif out.suffix.lower() == ".mp4" and not pictures.has_ffmpeg():
        gif = out.with_suffix(".gif")
        raise InputError(f"an .mp4 needs ffmpeg, which is not installed: choose --out {gif}, or install it")
    return out.suffix.lower() in FILMS


def _film(ways: Tensor, out: Path) -> None:
    """Write ways `[pairs, steps, C, H, W]` as a film that goes there and back."""
    from chimerae import pictures
    from chimerae.files import write_bytes

    scale = max(1, LARGE // max(ways.shape[3:])) if len(ways) == 1 else None
    there = [pictures.grid(images, scale=scale) for images in ways.unbind(1)]
    frames = [*there, *there[-2:0:-1]]
    write_bytes(out, (pictures.gif if out.suffix.lower() == ".gif" else pictures.mp4)(frames))
