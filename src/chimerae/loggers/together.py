"""Several loggers as one. An error of a logger ends that logger, and the run goes on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from chimerae.errors import first_line, unknown
from chimerae.extras import require
from chimerae.loggers import mlflow, tensorboard, trackio, wandb
from chimerae.loggers.logger import Logger, Part, Setting

LOGGERS: Final[Mapping[str, Callable[[Part], Logger]]] = {
    "tensorboard": tensorboard.TensorBoard,
    "wandb": wandb.WandB,
    "mlflow": mlflow.MLflow,
    "trackio": trackio.Trackio,
}
"""Loggers by name. The extra that installs a logger has the same name."""


def checked(names: Sequence[str]) -> tuple[str, ...]:
    """`names` without repetitions, when they name loggers whose packages are installed.

    Raises:
        InputError: a name is unknown, or the package is missing.
    """
    for name in names:
        if name not in LOGGERS:
            raise unknown("logger", name, LOGGERS)
        require(name)
    return tuple(dict.fromkeys(names))


class Loggers:
    """Open loggers by name.

    Args:
        parts: what each logger receives, by its name.
        warn: called once about each logger that fails.
    """

    def __init__(self, parts: Mapping[str, Part], warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._open: dict[str, Logger] = {}
        for name, part in parts.items():
            self._guarded(name, partial(self._start, name, part))

    @property
    def keys(self) -> dict[str, str]:
        """Name of the run at each logger."""
        return {name: logger.key for name, logger in self._open.items()}

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Show the finite ones of `values`."""
        finite = {name: float(value) for name, value in values.items() if math.isfinite(value)}
        if finite:
            self._each(lambda logger: logger.scalars(finite, step))

    def picture(self, name: str, path: Path, step: int) -> None:
        """Show a PNG file."""
        self._each(lambda logger: logger.picture(name, path, step))

    def close(self) -> None:
        """Close all loggers."""
        self._each(lambda logger: logger.close())
        self._open.clear()

    def _start(self, name: str, part: Part) -> None:
        self._open[name] = LOGGERS[name](part)

    def _each(self, act: Callable[[Logger], None]) -> None:
        for name, logger in list(self._open.items()):
            self._guarded(name, partial(act, logger))

    def _guarded(self, name: str, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:
            self._open.pop(name, None)
            self._warn(f"{name} shows nothing more of this run: {first_line(error)}")


def parts(
    folder: Path, settings: Mapping[str, Any], step: int, keys: Mapping[str, str | None]
) -> dict[str, Part]:
    """The part of a run for each logger named in `keys`, whose values are the keys of earlier parts."""
    part = Part(folder, dict(_flat(settings)), step)
    return {name: replace(part, key=key) for name, key in keys.items()}


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Setting]]:
    """Dotted paths and values; lists become text.

    >>> dict(_flat({"seed": 0, "method": {"beta": 1.0, "sizes": [1, 2]}}))
    {'seed': 0, 'method.beta': 1.0, 'method.sizes': '[1, 2]'}
    """
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            plain = value is None or isinstance(value, bool | int | float | str)
            yield prefix + key, value if plain else str(value)
