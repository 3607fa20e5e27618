"""The command that trains the best settings of a search anew, on all training samples."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from chimerae.config import to_dict
from chimerae.data.memory import PREFIX
from chimerae.recipes.build import Preset, build
from chimerae.runs.run import Run

ASIDE: Final = (
    *("method.name", "arch.name", "data", "steps"),
    *("training.replanned", "training.threads", "training.precision"),
)
"""Settings that the command states in its own way, or that a run finds for itself."""


def again(name: str, run: Run, steps: int, preset: Preset) -> str:
    """`chimerae train` with the settings of `run` and a number of steps, or Python for data in memory.

    Args:
        name: of the recipe.
        run: a trial's.
        steps: of the trial.
        preset: of the search.
    """
    run = replace(run, prepare=replace(run.prepare, validation=None))
    default = build(name, data=run.data, preset=preset)
    arch = run.arch.name if run.arch.name != default.arch.name else None
    if arch is not None:
        default = build(name, data=run.data, arch=arch, preset=preset)
    settings = dict(_differences(to_dict(default), to_dict(run)))
    if run.data.startswith(PREFIX):
        return _python(name, settings, steps, arch, preset)
    words = ["chimerae", "train", name, "--data", run.data]
    words += ["--preset", preset] if preset != "short" else []
    words += ["--arch", arch] if arch else []
    for path, value in settings.items():
        words += _flag(path.replace("_", "-"), value)
    return shlex.join([*words, "--steps", str(steps)])


def _differences(
    before: Mapping[str, Any], now: Mapping[str, Any], at: str = ""
) -> Iterator[tuple[str, Any]]:
    """Settings by dotted path whose values are other ones `now`."""
    for name, value in now.items():
        path = f"{at}{name}"
        if path in ASIDE or path.startswith("evaluation."):
            continue
        if isinstance(value, Mapping) and isinstance(before.get(name), Mapping):
            yield from _differences(before[name], value, f"{path}.")
        elif before.get(name) != value:
            yield path, value


def _flag(path: str, value: object) -> list[str]:
    """The flag of a setting, with its value."""
    if isinstance(value, bool):
        parent, _, leaf = path.rpartition(".")
        return [f"--{path}" if value else f"--{parent}.no-{leaf}"]
    return [f"--{path}", *map(str, value if isinstance(value, list | tuple) else [value])]


def _python(name: str, settings: Mapping[str, Any], steps: int, arch: str | None, preset: Preset) -> str:
    given = [repr(name), "data=...", f"steps={steps}"]
    given += [f"arch={arch!r}"] if arch else []
    given += [f"preset={preset!r}"] if preset != "short" else []
    given += [f"settings={dict(settings)!r}"] if settings else []
    return f"chimerae.train({', '.join(given)})"
