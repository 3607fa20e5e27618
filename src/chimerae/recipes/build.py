"""From the name of a recipe to a whole run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from chimerae.config import override
from chimerae.data import look
from chimerae.errors import unknown
from chimerae.recipes.presets import recipe
from chimerae.recipes.short import SHORT, SHORT_ARCH
from chimerae.recipes.sizing import default_arch
from chimerae.runs.run import Run

Preset = Literal["paper", "short"]
"""Settings of the sources, or settings that learn from images within minutes (`docs/short-runs.md`)."""


def build(
    name: str,
    *,
    data: str | None = None,
    arch: str | None = None,
    settings: Mapping[str, Any] | None = None,
    preset: Preset = "paper",
) -> Run:
    """The run of the recipe called `name`, on `data` and with `arch` when they are given.

    Args:
        name: of the recipe (`chimerae list recipes`).
        data: a source; what the recipe is made for when not given.
        arch: name of an architecture; what suits recipe and data when not given.
        settings: further settings by dotted path, such as `{"method.beta": 5}`.
        preset: `short` replaces the source's settings on images, where the recipe has settings for short
            runs; points, and recipes made for one data set, keep the source's.

    Raises:
        InputError: a name or setting is unknown, or data are missing.
    """
    if preset not in get_args(Preset):
        raise unknown("preset", preset, get_args(Preset))
    chosen = recipe(name)
    source = chosen.source(data)
    shortened = preset == "short" and chosen.name in SHORT and look(source).kind == "images"
    short = SHORT[chosen.name] if shortened else {}
    if arch is None and chosen.arch is not None:
        run = chosen.run(source, chosen.arch)
    else:
        images = SHORT_ARCH if short else chosen.images
        run = chosen.run(source, default_arch(source, arch, images=images))
    return override(override(run, short), settings or {})
