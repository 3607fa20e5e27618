"""chimerae: adversarial autoencoders, models that encode like a VAE and generate like a GAN.

`train` a method by name, `load` the model, `evaluate` it, write a `report`. Names are imported when they are
first used, so that `import chimerae` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chimerae.errors import InputError
    from chimerae.model import Model, load
    from chimerae.report import write as report
    from chimerae.runs.evaluate import evaluate_run as evaluate
    from chimerae.runs.train import resume, train

__version__ = "0.1.0"

__all__ = ["InputError", "Model", "__version__", "evaluate", "load", "report", "resume", "train"]

_HOMES = {
    "InputError": ("errors", "InputError"),
    "Model": ("model", "Model"),
    "evaluate": ("runs.evaluate", "evaluate_run"),
    "load": ("model", "load"),
    "resume": ("runs.train", "resume"),
    "train": ("runs.train", "train"),
}


def __getattr__(name: str) -> object:
    if name == "report":
        return import_module("chimerae.report")  # a package that can be called
    if name not in _HOMES:
        raise AttributeError(f"module 'chimerae' has no attribute {name!r}")
    home, inside = _HOMES[name]
    return getattr(import_module(f"chimerae.{home}"), inside)


def __dir__() -> list[str]:
    return sorted(__all__)
