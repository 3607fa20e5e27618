"""chimerae: adversarial autoencoders, models that encode like a VAE and generate like a GAN.

`train` a method by name, `load` what came out of it. Names are imported when they are first used, so that
`import chimerae` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chimerae.errors import InputError
    from chimerae.launch import resume, train
    from chimerae.model import Model, load

__version__ = "0.1.0"

__all__ = ["InputError", "Model", "__version__", "load", "resume", "train"]

_HOMES = {"InputError": "errors", "Model": "model", "load": "model", "resume": "launch", "train": "launch"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'chimerae' has no attribute {name!r}")
    return getattr(import_module(f"chimerae.{_HOMES[name]}"), name)
