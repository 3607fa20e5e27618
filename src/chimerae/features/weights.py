"""Published weights of feature networks: the known files, their folder and their checks. Only
`chimerae weights get` downloads any.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import torch
from torch import Tensor, nn

from chimerae.data.store import cache_folder
from chimerae.errors import InputError
from chimerae.files import whole_file


@dataclass(frozen=True, kw_only=True)
class Published:
    """A file of weights that others have published."""

    name: str
    """Name that feature networks use for it."""
    file: str
    """Name under which it is published, and kept."""
    digest: str
    """First hexadecimal digits of its SHA-256: they are part of the published name."""
    metrics: tuple[str, ...]
    """Metrics that need it."""
    where: str
    """Place of publication: an address, or the attribute of a library that holds it."""
    licence: str

    @property
    def use(self) -> str:
        """Metrics that use it, in a line."""
        return ", ".join(self.metrics)

    @property
    def wanting(self) -> str:
        """Message for a missing file that was not requested by name."""
        return (
            f"{self.file} (SHA-256 {self.digest}...) is not here; "
            "`chimerae weights list` gives its URL and target folder"
        )


PUBLISHED: tuple[Published, ...] = (
    Published(
        name="inception",
        file="weights-inception-2015-12-05-6726825d.pth",
        digest="6726825d",
        metrics=("fid", "kid", "inception_score"),
        where="https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
        "weights-inception-2015-12-05-6726825d.pth",
        licence="Apache-2.0",
    ),
    Published(
        name="vgg16",
        file="vgg16-397923af.pth",
        digest="397923af",
        metrics=("precision", "recall", "density", "coverage", "lpips_vgg"),
        where="torchvision (VGG16_Weights.IMAGENET1K_V1.url)",
        licence="none stated (torchvision, trained on ImageNet)",
    ),
    Published(
        name="alexnet",
        file="alexnet-owt-7be5be79.pth",
        digest="7be5be79",
        metrics=("lpips",),
        where="torchvision (AlexNet_Weights.IMAGENET1K_V1.url)",
        licence="none stated (torchvision, trained on ImageNet)",
    ),
)
"""Every known file."""

FOLDER: Final = "CHIMERAE_WEIGHTS"
"""Environment variable with the folder that files are kept in."""
State = Literal["there", "missing", "damaged"]
_UNREADABLE: Final = (RuntimeError, pickle.UnpicklingError, EOFError, KeyError, ValueError, AttributeError)


class MissingWeights(InputError):
    """A file of published weights is missing from its folder."""

    def __init__(self, file: Published, place: Path) -> None:
        super().__init__(
            f"{file.file} (SHA-256 {file.digest}...) is not in '{place}'; "
            f"get it from {file.where} and put it there, or run `chimerae weights add FILE`"
        )
        self.file = file


def weights_folder(given: Path | None = None) -> Path:
    """Folder of the files: the argument, else `$CHIMERAE_WEIGHTS`, else `weights` in the cache folder."""
    chosen = given or os.environ.get(FOLDER) or cache_folder(None) / "weights"
    return Path(chosen).expanduser()


def published(name: str) -> Published:
    """The file that feature networks call `name`."""
    return next(each for each in PUBLISHED if each.name == name)


def missing_for(metrics: Iterable[str]) -> list[Published]:
    """Files that some of `metrics` need and that are not here."""
    wanted, folder = set(metrics), weights_folder()
    needed = [file for file in PUBLISHED if wanted & set(file.metrics)]
    return [file for file in needed if not (folder / file.file).is_file()]


def state_of(file: Published, folder: Path | None = None) -> State:
    """State of `file` in the folder: missing, damaged, or there as published; reads all of it."""
    path = weights_folder(folder) / file.file
    if not path.is_file():
        return "missing"
    return "there" if digest_of(path).startswith(file.digest) else "damaged"


def read_weights(name: str, folder: Path | None = None) -> Mapping[str, Tensor]:
    """Parameters by name, on the CPU, from the file called `name`, after a check of its contents.

    Raises:
        MissingWeights: the file is not there.
        InputError: its contents differ from those that were published, or cannot be read.
    """
    file, place = published(name), weights_folder(folder)
    path = place / file.file
    if not path.is_file():
        raise MissingWeights(file, place)
    return read_checked(path, file.digest, f"get it again from {file.where}")


def read_checked(path: Path, digest: str, again: str) -> Mapping[str, Tensor]:
    """Parameters by name, on the CPU, from the file `path`, whose SHA-256 must begin with `digest`.

    Raises:
        InputError: the file is missing, differs or cannot be read; `again` is the remedy in the message.
    """
    if not path.is_file():
        raise InputError(f"'{path}' is missing; {again}")
    if not (found := digest_of(path)).startswith(digest):
        raise InputError(f"'{path}' is damaged: its SHA-256 is {found[:8]}..., not {digest}...; {again}")
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
        return {str(key): value for key, value in tensors.items()}
    except _UNREADABLE as error:
        raise InputError(f"'{path}' cannot be read as weights ({type(error).__name__})") from None


def built_of(name: str, build: Callable[[], nn.Module]) -> Any:
    """The network that `build` makes, with the weights called `name`, in evaluation mode, without gradients.

    Raises:
        InputError: the weights are missing, damaged, or not those of this network.
    """
    weights = read_weights(name)
    with torch.device("meta"):  # neither memory nor noise for weights that are overwritten
        network = build()
    try:
        network.load_state_dict(weights, assign=True)
    except RuntimeError:
        raise not_of_this_network(name) from None
    return network.eval().requires_grad_(False)


def not_of_this_network(name: str) -> InputError:
    """The error for weights that do not fit."""
    return InputError(f"{published(name).file} does not hold the weights of the {name} network")


def add_weights(given: Path, folder: Path | None = None) -> tuple[Published, Path]:
    """Copy the file `given`, whatever its name, into the folder; returns the known file and its path there.

    Raises:
        InputError: the file is unknown, or cannot be read or copied.
    """
    try:
        found = digest_of(given)
    except OSError as error:
        raise InputError(f"cannot read {given}: {error.strerror}") from None
    file = next((each for each in PUBLISHED if found.startswith(each.digest)), None)
    if file is None:
        raise InputError(
            f"{given} is none of the known weights: its SHA-256 is {found[:8]}...; "
            f"`chimerae weights list` shows those that are"
        )
    path = weights_folder(folder) / file.file
    try:
        if not (path.exists() and path.samefile(given)):
            with given.open("rb") as source, whole_file(path) as target:
                shutil.copyfileobj(source, target)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None
    return file, path


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
