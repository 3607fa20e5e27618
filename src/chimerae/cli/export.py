"""`chimerae export RUN --to onnx`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from chimerae.cli import DONE
from chimerae.cli.parse import parse
from chimerae.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from chimerae.export import Exported
    from chimerae.model import Model

DIFFUSERS = "diffusers"
"""Name of the format of diffusers, which is a folder and not a traced program."""
N_COMPARED = 5
"""Samples of the data that a comparison sees."""


@dataclass(frozen=True)
class Export:
    """Write a run's networks as ONNX files, and compare each with PyTorch."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    to: str = "onnx"
    """Format: onnx, torch.export (.pt2), or diffusers (an AutoencoderKL, of `spatial` networks)."""
    out: Path | None = None
    """Folder for the files; RUN/export when it is not given."""
    uint8: bool = False
    """Images are bytes from 0 to 255, in place of floats from 0 to 1."""
    scaling: float = 1.0
    """Scaling of the codes that diffusers is told: that of the stats.json of `chimerae encode`."""
    reconstruct: bool = False
    """Also write reconstruct-NETWORK (samples to reconstructions)."""
    page: bool = False
    """Also write index.html, which runs the ONNX files in a browser."""
    overwrite: bool = False
    """Replace files that exist."""
    input: tuple[str, ...] | None = None
    """Images to compare on, beside random ones; the run's own test data when it is not given."""


def main(args: Sequence[str]) -> int:
    """Export, and print each file with its inputs, outputs and largest difference."""
    asked = parse(Export, args, prog="chimerae export")
    if asked.page and asked.to != "onnx":
        raise InputError(f"a page runs ONNX files, not {asked.to}: leave out --page, or use --to onnx")
    if asked.to == DIFFUSERS:
        return _to_diffusers(asked)
    from chimerae.cli.console import display
    from chimerae.export.formats import format_of
    from chimerae.export.web import page_place

    format_of(asked.to)
    folder = asked.out or asked.run / "export"
    loaded, real = _loaded(asked)
    if asked.page and loaded.method.label_dim:
        raise InputError("the page has no choice of labels, which this model needs: leave out --page")
    place = page_place(folder, loaded.shape, asked.overwrite) if asked.page else None
    model = replace(loaded, config={**loaded.config, "run": asked.run.resolve().name})
    with display() as show:
        done = model.export(
            folder,
            to=asked.to,
            uint8=asked.uint8,
            reconstruct=asked.reconstruct,
            overwrite=asked.overwrite,
            inputs=real,
            progress=show.count,
        )
    for each in done:
        print(each)
    if not model.method.encodes:
        print(f"{model.method.name} has no encoder: only its generating networks were written")
    if place is not None:
        _write_page(place, model, done)
    return DONE


def _write_page(place: Path, model: Model, done: Sequence[Exported]) -> None:
    """Write the page that runs the files, and print the commands that serve it."""
    from chimerae.export.web import page_spec
    from chimerae.files import write_text
    from chimerae.report.onnx import onnx_page
    from chimerae.shapes import describe

    about = f"A model of {model.method.name} for {describe(model.shape)} images, after {model.step:,} steps."
    spec = page_spec(model.method, model.shape, done)
    write_text(place, onnx_page(str(model.config["run"]), about, spec))
    print(f"{place}: cd {place.parent}; npm install onnxruntime-web; python -m http.server")


def _to_diffusers(asked: Export) -> int:
    """Write the folder of an AutoencoderKL, and print its place."""
    from chimerae.export.diffusers import CONFIG
    from chimerae.model import load

    place = asked.out or asked.run / "export" / DIFFUSERS
    if (place / CONFIG).exists() and not asked.overwrite:
        raise InputError(f"{place / CONFIG} exists; add --overwrite to replace it, or choose another --out")
    load(asked.run, device="cpu").save_diffusers(place, scaling=asked.scaling)
    print(f"{place}: AutoencoderKL.from_pretrained({str(place)!r})")
    return DONE


def _loaded(asked: Export) -> tuple[Model, Tensor | None]:
    """The model, and samples to compare on; None, with a sentence, where the run's own are out of reach."""
    import torch

    from chimerae.cli.inputs import load_inputs
    from chimerae.data.given import take
    from chimerae.model import load

    model = load(asked.run, device="cpu")
    if asked.input is not None:
        taken = [take(source, model.shape, model.prepare, N_COMPARED).x for source in asked.input]
        return model, torch.cat(taken) if taken else None
    try:
        return model, load_inputs(asked.run, None, N_COMPARED, "cpu")[1].x
    except InputError as error:
        print(f"compared on random samples alone: {error}", file=sys.stderr)
        return model, None
