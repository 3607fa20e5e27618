"""Packages that only some uses need: the extras of `pyproject.toml`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from chimerae.errors import InputError


@dataclass(frozen=True)
class Extra:
    """Packages that `pip install` leaves out unless their extra is named."""

    module: str
    """Name under which it is imported."""
    use: str
    """Subject of the error."""
    others: tuple[str, ...] = ()
    """Further modules of the extra."""
    extra: str = ""
    """Name of its extra, where `EXTRAS` has it under another key."""


EXTRAS: Final[Mapping[str, Extra]] = {
    "parquet": Extra("pyarrow", "parquet files need"),
    "hub": Extra("datasets", "data sets of the Hugging Face hub need"),
    "sharing": Extra("huggingface_hub", "models of the Hugging Face hub need", extra="hub"),
    "fidelity": Extra("torch_fidelity", "metrics on Inception or VGG16 need"),
    "priors": Extra("sklearn", "a fitted mixture needs"),
    "tune": Extra("optuna", "a search over settings needs"),
    "onnx": Extra("onnx", "exports to ONNX need", ("onnxscript", "onnxruntime")),
    "diffusers": Extra("diffusers", "autoencoders of diffusers need"),
    "timm": Extra("timm", "networks of timm need"),
    "ray": Extra("ray", "studies on a Ray cluster need"),
    "slurm": Extra("submitit", "studies on Slurm need"),
    "tensorboard": Extra("tensorboard", "event files need"),
    "wandb": Extra("wandb", "logging to Weights & Biases needs"),
    "mlflow": Extra("mlflow", "logging to MLflow needs"),
    "trackio": Extra("trackio", "logging to Trackio needs"),
}
"""Name of an extra, or of one of its uses -> its packages."""


def require(extra: str, before: str = "") -> None:
    """Import the packages of `extra`, so that plain imports may follow.

    Args:
        extra: key of `EXTRAS`.
        before: beginning of the error.

    Raises:
        InputError: one of them cannot be imported.
    """
    wanted = EXTRAS[extra]
    for module in (wanted.module, *wanted.others):
        try:
            import_module(module)
        except ImportError as error:
            line = f"{wanted.use} the package {module} ({error}): install chimerae[{wanted.extra or extra}]"
            raise InputError(f"{before} {line}".strip()) from error


@contextmanager
def quiet(package: str) -> Iterator[None]:
    """A block in which the logger of `package` prints errors only."""
    told = logging.getLogger(package)
    level = told.level
    told.setLevel(logging.ERROR)
    try:
        yield
    finally:
        told.setLevel(level)
