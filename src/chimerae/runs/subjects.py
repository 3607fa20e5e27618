"""Anything that can be judged, opened as a subject."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import nn

from chimerae.config import to_dict
from chimerae.data import Prepare, prepare, source_info
from chimerae.data.image_folder import SUFFIXES
from chimerae.errors import InputError
from chimerae.extensions import brief, is_reference, point_at
from chimerae.foreign import (
    CLASSES,
    CodeKind,
    Fitted,
    Subject,
    of_autoencoder,
    of_function,
    of_pictures,
    open_autoencoder,
)
from chimerae.foreign.diffusers import CLASS, WEIGHTS, class_in
from chimerae.foreign.subject import digest_of
from chimerae.model import Model, load
from chimerae.progress import Progress, silent
from chimerae.run_folder.schema import CONFIG, MODEL, RUN
from chimerae.shapes import Shape, describe
from chimerae.sharing.download import VAE, downloaded_autoencoder

ARRAYS: Final = frozenset({".npz", ".npy", ".parquet"})
"""Endings of files of images that can be judged as a folder can."""


def open_subject(given: object, *, code: CodeKind = "mean", progress: Progress = silent) -> Subject:
    """The subject that `given` is or names.

    Args:
        given: a run folder, the folder of a model, an `AutoencoderKL` or `AutoencoderTiny` of diffusers (a
            folder, one with a folder `vae`, OWNER/NAME on the hub, or the module), a function from images in
            [0, 1] to their reconstructions (or a reference such as `./my_model.py:reconstruct` to one), a
            `Model`, or a folder of images, which are judged as samples.
        code: code of reconstructions of an autoencoder of diffusers.
        progress: called while images are prepared.

    Raises:
        InputError: nothing of that name, of a kind that cannot be judged, or damaged.
    """
    if isinstance(given, Model):
        return of_model(given, given.origin.name if given.origin else given.method.name)
    if isinstance(given, nn.Module) and type(given).__name__ in CLASSES:
        return of_autoencoder(given, type(given).__name__.lower(), code)
    if isinstance(given, str | os.PathLike):
        return _named(os.fspath(given), code, progress)
    if callable(given):
        return of_function(given, getattr(given, "__name__", type(given).__name__))
    raise InputError(
        f"an object of type {type(given).__name__} cannot be judged: give a folder or a function"
    )


def _named(spelt: str, code: CodeKind, progress: Progress) -> Subject:
    path = Path(spelt).expanduser()
    if path.is_dir():
        return _of_folder(path, code, progress)
    if path.is_file():
        if path.suffix.lower() in SUFFIXES | ARRAYS:
            return of_pictures(_pictures(path, progress), path.stem)
        raise InputError(f"{spelt} is a file; give the folder of a model, or a folder of images")
    if is_reference(spelt) and "@" not in spelt:
        found = point_at("function", spelt)
        if not callable(found) or isinstance(found, type):
            raise InputError(f"{spelt} is no function from images to their reconstructions")
        return of_function(cast(Callable[..., Any], found), brief(spelt))
    if path.parent.is_dir() and path.parent != Path():
        raise InputError(
            f"there is no folder {spelt} (the hub is not asked, because its parent folder is here)"
        )
    folder = downloaded_autoencoder(spelt, WEIGHTS, CLASS)
    name = spelt.partition("@")[0].replace("/", "-")
    return of_model(load(spelt), name) if folder is None else _renamed(open_autoencoder(folder, code), name)


def _of_folder(path: Path, code: CodeKind, progress: Progress) -> Subject:
    name = path.resolve().name
    if any((path / place).is_file() for place in (RUN, f"{MODEL}/{CONFIG}")):
        return of_model(load(path), name)
    if class_in(path):
        return open_autoencoder(path, code)
    if class_in(path / VAE):
        return _renamed(open_autoencoder(path / VAE, code), name)
    if (path / CONFIG).is_file():
        return of_model(load(path), name)
    return of_pictures(_pictures(path, progress), name)


def _pictures(path: Path, progress: Progress) -> Any:
    """The images at `path`, at their own size.

    Raises:
        InputError: there are none, or they differ in size.
    """
    info = source_info(str(path), Prepare())
    if info.final is None:
        raise InputError(f"the images in {path} differ in size; samples of one model have one size")
    if info.kind != "images":
        raise InputError(f"{path} holds points; samples that are judged are images")
    return prepare(str(path), Prepare(), progress=progress)


def _renamed(subject: Subject, name: str) -> Subject:
    return replace(subject, name=name)


def of_model(model: Model, name: str) -> Subject:
    """A trained model of ours as a subject."""
    modules = dict(model.nets.items())

    def fitted(shape: Shape, device: torch.device) -> Fitted:
        if shape != model.shape:
            took, given = describe(model.shape), describe(shape)
            raise InputError(
                f"{name} takes samples of {took}, and the data are {given}; {_remedy(model.shape)}"
            )
        return Fitted(method=model.method, nets=model.to(device).nets)

    tensors = (
        (f"{net}.{key}", t) for net, module in modules.items() for key, t in module.state_dict().items()
    )
    config = {"method": {"name": model.method.name}, "arch": {"name": "unknown"}, **model.config}
    return Subject(
        name=name,
        method=config["method"],
        arch=config["arch"],
        digest=digest_of(tensors, str(to_dict(model.method))),
        fitted=fitted,
        prepare=model.prepare,
        parameters={net: sum(p.numel() for p in module.parameters()) for net, module in modules.items()},
    )


def _remedy(shape: Shape) -> str:
    if len(shape) != 3:
        return "give data of that kind"
    return f"add --prepare.size {shape[1]} {shape[2]} --prepare.channels {shape[0]}"
