"""Construction of a run from the name of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from chimerae.config import override
from chimerae.data import source_info
from chimerae.errors import unknown
from chimerae.methods import Method
from chimerae.nets import Architecture
from chimerae.recipes.presets import BY_NAME, recipe
from chimerae.recipes.recipe import Recipe
from chimerae.recipes.short import SHORT, short_arch, short_settings
from chimerae.recipes.sizing import default_arch
from chimerae.runs.run import Run
from chimerae.shapes import Shape

Preset = Literal["paper", "short"]
"""Settings of the sources, or settings that learn from images within minutes (`docs/short-runs.md`)."""


def build(
    what: str | Method | Recipe,
    *,
    data: str | None = None,
    arch: str | Architecture | None = None,
    settings: Mapping[str, Any] | None = None,
    preset: Preset = "paper",
) -> Run:
    """The run of a recipe, on `data` and with `arch` when they are given.

    Args:
        what: the name of a recipe (`chimerae list recipes`), a reference such as `./my_method.py:MyMethod`, a
            `Recipe`, or a method whose settings are then kept.
        data: a source; the recipe's own when not given.
        arch: an architecture, its name, or a reference; the one that suits recipe and data when not given.
        settings: further settings by dotted path, such as `{"method.beta": 5}`.
        preset: `short` replaces the source's settings on images, where the recipe has settings for short
            runs; points, and recipes made for one data set, keep the source's. A method from outside the
            package gets the rate and networks of short runs.

    Raises:
        InputError: a name or setting is unknown, or data are missing.
    """
    if preset not in get_args(Preset):
        raise unknown("preset", preset, get_args(Preset))
    chosen = recipe(what)
    source = chosen.source(data)
    short = preset == "short" and source_info(source).kind == "images" and _has_short_runs(chosen)
    if arch is None and chosen.arch is not None:
        run = chosen.run(source, chosen.arch)
    else:
        images = short_arch(chosen.name) if short else chosen.images
        run = chosen.run(source, default_arch(source, arch, images=images))
    asked = settings or {}
    if not short:
        return override(run, asked)
    shape = source_info(source, override(run, asked).prepare).final
    return override(run, {**_short(what, chosen, shape), **asked})


def _has_short_runs(chosen: Recipe) -> bool:
    """True for recipes with settings for short runs, and for methods from outside the package."""
    return chosen.name in SHORT or not (chosen.name in BY_NAME or chosen.data)


def _short(what: object, chosen: Recipe, shape: Shape | None) -> Mapping[str, Any]:
    """Settings of short runs, without those of the method where it came with its own."""
    settings = short_settings(chosen.name, shape)
    if isinstance(what, Method):
        return {name: value for name, value in settings.items() if not name.startswith("method.")}
    return settings
