"""Steps, width and size that fit a time (`docs/budgets.md`)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final

from chimerae.config import override
from chimerae.data import source_info
from chimerae.durations import seconds
from chimerae.methods import Method
from chimerae.networks import DCGAN, Residual, Spatial, Style
from chimerae.recipes.presets import recipe
from chimerae.recipes.recipe import Recipe
from chimerae.recipes.sizing import sized
from chimerae.recipes.timing import Timing, time_steps
from chimerae.runs.run import Run
from chimerae.shapes import Shape, is_image
from chimerae.training.state import pick_device

CPU_SECONDS: Final = 15 * 60.0
"""Time of a run on a CPU when none is given."""
ACCELERATOR_SECONDS: Final = 60 * 60.0
"""The same on an accelerator."""
ENOUGH: Final = 2000
"""Steps that a short run needs to learn; below, networks get narrower and images smaller."""
WIDTHS: Final = (12, 16, 24, 32, 48, 64)
"""Widths to choose from."""
SIDES: Final = (64, 48, 32)
"""Sides to choose from, where images are resized anyway."""
GROWTH: Final = 1.6
"""Exponent with which the seconds of a step are expected to grow with the width, before they are timed."""
DEFAULT_EPOCHS: Final = 500
DEFAULT_STEPS: Final = 10_000
"""Limit of a run without a budget: `DEFAULT_EPOCHS` epochs or `DEFAULT_STEPS` steps, whichever is more."""

Clocked = Callable[[Run, Shape], Timing]


@dataclass(frozen=True)
class Wish:
    """Time limit of a run, and settings that may be chosen to fit it."""

    seconds: float | None = None
    """From the start of the command to the end of `evaluate`; None: no budget was given."""
    steps: bool = False
    """True when the number of steps may be chosen."""
    width: bool = False
    """True when the width of the networks may be chosen."""
    learning: bool = False
    """True when the seconds are those of learning alone: preparing, timing and `evaluate` come on top."""
    size: bool = False
    """True when the size of the images may be chosen: none is given, and they are resized anyway."""

    def limit(self, run: Run) -> float | None:
        """Seconds that `run` may take, given or by default; None when nothing is to be chosen."""
        if not self.steps or self.seconds is not None:
            return self.seconds if self.steps else None
        on_cpu = pick_device(run.training.device).type == "cpu"
        return CPU_SECONDS if on_cpu else ACCELERATOR_SECONDS


def wish(
    what: str | Method | Recipe | None,
    run: Run,
    given: Collection[str],
    budget: str | float | None,
    preset: str,
) -> Wish:
    """The settings of `run` that are left open.

    Args:
        what: its recipe, as `build` took it; None: the whole run was given, and without a budget nothing is
            open.
        run: as requested.
        given: dotted paths of the settings that were given, such as "steps".
        budget: seconds, or text such as "10m"; None: the default of this machine.
        preset: `short` or `paper`; `paper` keeps the source's settings, except for steps under a budget.

    Raises:
        InputError: the budget is no duration.
    """
    limit = None if budget is None else seconds(budget)
    if what is None or "steps" in given:
        return Wish(limit, steps=limit is not None and "steps" not in given)
    made = recipe(what)
    short = preset == "short" and source_info(run.data, run.prepare).kind == "images"
    steps = limit is not None or (short and "steps" not in made.extra)
    free = steps and short
    prepared = sized(run)[0].prepare
    resized = run.prepare.size is None and prepared.size is not None and prepared.fit == "crop"
    return Wish(
        limit,
        steps=steps,
        width=free and "arch.width" not in given and made.arch is None and not run.init,
        size=free and "prepare.size" not in given and resized,
    )


def chosen(search: Search, shape: Shape, resizable: bool) -> tuple[Run, Shape, Timing]:
    """The run of `search` with the width and size that suit its seconds, its shape of samples, its timing.

    The side is the largest one at which the narrowest networks play `ENOUGH` steps in time, else the
    smallest. The width is the largest that is worth it there. Sides are those of `shape`, and where
    `resizable` smaller ones of `SIDES`.
    """
    arch = search.run.arch
    smaller = [(shape[0], side, side) for side in SIDES if is_image(shape) and side < min(shape[1:])]
    shapes = [shape, *(one for one in smaller if resizable and arch.nearest(one) == one)]
    for one in shapes:
        last = one == shapes[-1]
        if not last and search.hopeless(one):
            continue
        width = search.settle(one)
        timing = search.timing(one, width)
        if last or search.seconds / timing.step >= ENOUGH:
            break
    made = search.of(width)
    if one != shape:
        made = replace(made, prepare=replace(made.prepare, size=one[1]))
    return made, one, timing


class Search:
    """Widths of one run, timed as far as needed."""

    def __init__(self, run: Run, seconds: float, free: bool, clocked: Clocked = time_steps) -> None:
        """`seconds` of learning; `free`: the width may be another than that of `run`, where it has one."""
        self.run, self.seconds, self.clocked = run, seconds, clocked
        self.base: int = run.arch.width if isinstance(run.arch, DCGAN | Residual | Spatial | Style) else 0
        self.widths = sorted({self.base, *WIDTHS}) if free and self.base else [self.base]
        self._timed: dict[tuple[Shape, int], Timing] = {}

    def of(self, width: int) -> Run:
        """The run with networks of this width."""
        return self.run if width == self.base else override(self.run, {"arch.width": width})

    def timing(self, shape: Shape, width: int) -> Timing:
        """Timing of the run with this width on samples of `shape`, taken once."""
        key = (shape, width)
        if key not in self._timed:
            self._timed[key] = self.clocked(self.of(width), shape)
        return self._timed[key]

    def expected(self, shape: Shape, width: int) -> float:
        """Seconds of a step: timed, or from the nearest timing by pixels and `GROWTH`."""
        if (shape, width) in self._timed:
            return self._timed[shape, width].step
        if not self._timed:
            self.timing(shape, self.base)
            return self.expected(shape, width)
        (other, near), timing = min(
            self._timed.items(), key=lambda item: (item[0][0] != shape, abs(item[0][1] - width))
        )
        pixels = (shape[-1] * shape[-2]) / (other[-1] * other[-2]) if is_image(shape) else 1.0
        return timing.step * pixels * ((width / near) ** GROWTH if near else 1.0)

    def hopeless(self, shape: Shape) -> bool:
        """True when even the narrowest networks are expected to play fewer than `ENOUGH` steps."""
        return self.seconds / self.expected(shape, self.widths[0]) < ENOUGH

    def settle(self, shape: Shape) -> int:
        """The largest width that is worth it, timed; the smallest if none is."""
        while True:
            worth = [width for width in self.widths if self._worth(shape, width)]
            width = max(worth, default=self.widths[0])
            if (shape, width) in self._timed:
                return width
            self.timing(shape, width)

    def _worth(self, shape: Shape, width: int) -> bool:
        """True if `ENOUGH` steps fit, or more where a step is slower than at the run's own width: twice the
        seconds per step require twice the steps.
        """
        step = self.expected(shape, width)
        dearer = max(step / self.expected(shape, self.base), 1.0)
        return self.seconds / step >= ENOUGH * dearer


def steps_in(timing: Timing, learning: float) -> int:
    """Steps that fit into `learning` seconds, at least 1."""
    return max(int(learning / timing.step), 1)


def default_most(samples: int, batch_size: int) -> int:
    """Most steps of a run without a budget.

    >>> default_most(60_000, 64), default_most(1000, 64)
    (468750, 10000)
    """
    return max(DEFAULT_STEPS, DEFAULT_EPOCHS * samples // batch_size)
