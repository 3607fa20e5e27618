"""Packages that only some uses need: the extras of `pyproject.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from chimerae.errors import InputError


@dataclass(frozen=True)
class Extra:
    """A package that `pip install` leaves out unless its extra is named."""

    module: str
    """Name under which it is imported."""
    use: str
    """Subject of the error."""


EXTRAS: Final[Mapping[str, Extra]] = {
    "parquet": Extra("pyarrow", "parquet files need"),
    "hub": Extra("datasets", "data sets of the Hugging Face hub need"),
    "fidelity": Extra("torch_fidelity", "metrics on Inception or VGG16 need"),
    "priors": Extra("sklearn", "a fitted mixture needs"),
    "ray": Extra("ray", "studies on a Ray cluster need"),
    "slurm": Extra("submitit", "studies on Slurm need"),
    "tensorboard": Extra("tensorboard", "event files need"),
    "wandb": Extra("wandb", "logging to Weights & Biases needs"),
    "mlflow": Extra("mlflow", "logging to MLflow needs"),
    "trackio": Extra("trackio", "logging to Trackio needs"),
}
"""Name of an extra -> its package."""


def require(extra: str, before: str = "") -> None:
    """Import the package of `extra`, so that a plain import may follow.

    Args:
        extra: key of `EXTRAS`.
        before: beginning of the error.

    Raises:
        InputError: it cannot be imported.
    """
    wanted = EXTRAS[extra]
    try:
        import_module(wanted.module)
    except ImportError as error:
        line = f"{wanted.use} the package {wanted.module} ({error}): install chimerae[{extra}]"
        raise InputError(f"{before} {line}".strip()) from error
