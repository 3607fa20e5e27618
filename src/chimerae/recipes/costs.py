"""Costs of the settings of every source on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from chimerae.recipes.build import build
from chimerae.recipes.plan import operations
from chimerae.recipes.presets import RECIPES
from chimerae.recipes.timing import time_steps
from chimerae.shapes import Shape

IMAGES: Final[Shape] = (3, 64, 64)
"""Shape of the images that recipes without data of their own are counted for."""
MNIST: Final[Shape] = (1, 28, 28)
YARDSTICK: Final = "vae"
"""Recipe whose timed step gives the operations per second of this machine."""


def costs() -> Iterator[tuple[str, Shape, int, float | None]]:
    """Name, shape of a sample, steps and estimated seconds of every recipe with its source's settings.

    One recipe is timed; the others are scaled by counted operations, which is accurate for networks of
    similar size, and too much for very small ones. None where operations cannot be counted.
    """
    known = build(YARDSTICK, data="digits", preset="short")
    counted = operations(known, IMAGES)
    speed = None if counted is None else counted / time_steps(known, IMAGES, at_most=2.0).step
    for each in RECIPES:
        run = build(each.name, data=each.data or "digits")
        shape: Shape = (2,) if each.data else MNIST if each.arch else IMAGES
        work = operations(run, shape)
        yield each.name, shape, run.steps, None if work is None or speed is None else work / speed * run.steps
