"""chimerae: adversarial autoencoders, models that encode like a VAE and generate like a GAN.

`train` a method by name, `load` the model, `evaluate` it, write a `report`. Names are imported when they are
first used, so that `import chimerae` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from chimerae.lazy import attribute

if TYPE_CHECKING:
    from chimerae.errors import InputError
    from chimerae.model import Model, load
    from chimerae.report import write as report
    from chimerae.runs.directions import directions
    from chimerae.runs.judge import evaluate_any as evaluate
    from chimerae.runs.train import resume, train
    from chimerae.tuning import tune

__version__ = "0.1.0"

__all__ = [
    "InputError",
    "Model",
    "__version__",
    "directions",
    "evaluate",
    "load",
    "report",
    "resume",
    "train",
    "tune",
]

_HOMES = {
    "errors": ("InputError",),
    "model": ("Model", "load"),
    "runs.directions": ("directions",),
    "runs.judge": ("evaluate:evaluate_any",),
    "runs.train": ("resume", "train"),
    "tuning": ("tune",),
}


def __getattr__(name: str) -> object:
    if name == "report":
        return import_module("chimerae.report")  # a package that can be called
    return attribute(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted(__all__)
