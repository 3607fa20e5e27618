"""From the name of a recipe to a whole run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chimerae.config import override
from chimerae.recipes.presets import recipe
from chimerae.recipes.run import Run
from chimerae.recipes.sizing import default_arch


def build(
    name: str, *, data: str | None = None, arch: str | None = None, settings: Mapping[str, Any] | None = None
) -> Run:
    """The run of the recipe called `name`, on `data` and with `arch` when they are given.

    Args:
        name: of the recipe (`chimerae list recipes`).
        data: a source; what the recipe is made for when not given.
        arch: name of an architecture; what suits recipe and data when not given.
        settings: further settings by dotted path, such as `{"method.beta": 5}`.

    Raises:
        InputError: a name or setting is unknown, or data are missing.
    """
    chosen = recipe(name)
    source = chosen.source(data)
    if arch is None and chosen.arch is not None:
        run = chosen.run(source, chosen.arch)
    else:
        run = chosen.run(source, default_arch(source, arch, images=chosen.images))
    return override(run, settings or {})
