"""A run's model together with samples for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from torch import Tensor

from chimerae.cli.console import display
from chimerae.data import Prepare, look, prepare
from chimerae.data.named import named, preset
from chimerae.errors import InputError
from chimerae.model import Model, load
from chimerae.recipes.folder import read_run
from chimerae.recipes.run import Run
from chimerae.shapes import describe, is_image


def load_inputs(folder: Path, source: str | None, n: int, device: str) -> tuple[Model, Tensor]:
    """The model of the run in `folder` and up to `n` samples `[n, *shape]` of `source`, or of its own test
    data.

    Raises:
        InputError: there is no such run or source, or the source's samples do not fit the model.
    """
    if n < 1:
        raise InputError(f"--n {n}: ask for 1 sample or more")
    run, model = read_run(folder), load(folder, device=device)
    settings = run.prepare if source is None else _settings(run, source)
    if source is not None and is_image(model.shape):
        channels, height, width = model.shape
        settings = replace(settings, size=(height, width), channels="1" if channels == 1 else "3")
    wanted = run.data if source is None else source
    if (look(wanted, settings).kind == "images") != is_image(model.shape):
        raise InputError(f"{wanted} does not fit this model, which takes {describe(model.shape)}")
    with display() as show:
        data = prepare(wanted, settings, progress=show.count)
    if data.shape != model.shape:
        raise InputError(f"{wanted} holds {describe(data.shape)}, this model takes {describe(model.shape)}")
    split = data.test if source is None else data.train
    return model, split.take(range(min(n, len(split))))


def _settings(run: Run, source: str) -> Prepare:
    """How another source is prepared: as its name says, else as in the run; but a crop that came with the
    name of the run's data is that set's alone.
    """
    if named(source) is not None:
        return preset(source)
    return run.prepare if named(run.data) is None else replace(run.prepare, crop=None)
