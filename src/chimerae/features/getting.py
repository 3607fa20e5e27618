"""Published weights from their place of publication, when people ask for them by name."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from chimerae.errors import InputError, spelt, unknown
from chimerae.features.weights import PUBLISHED, Published, digest_of, published, weights_folder
from chimerae.files import whole_file

TIMEOUT: Final = 60.0
"""Seconds without an answer after which a download ends."""
TORCHVISION: Final = {"vgg16": "VGG16_Weights", "alexnet": "AlexNet_Weights"}
"""Name of a file -> torchvision's table with its address."""


def address_of(file: Published) -> str:
    """The address of `file`: its own, or that which torchvision has."""
    if file.name not in TORCHVISION:
        return file.where
    from torchvision import models

    return str(getattr(models, TORCHVISION[file.name]).IMAGENET1K_V1.url)


def get_weights(name: str, folder: Path | None = None) -> tuple[Published, Path]:
    """Download the file called `name` into the folder, check it, and return it with its path.

    A file that is there already, and is whole, is kept. Nothing takes its place before its SHA-256 is that of
    the published file.

    Raises:
        InputError: there is no such file, its place does not answer or sends something else, or the folder
            cannot be written to.
    """
    names = [each.name for each in PUBLISHED]
    known = spelt(name, names)
    if known is None:
        raise unknown("file of weights", name, names)
    file = published(known)
    path = weights_folder(folder) / file.file
    if path.is_file() and digest_of(path).startswith(file.digest):
        return file, path
    address = address_of(file)
    try:
        with urlopen(address, timeout=TIMEOUT) as source, whole_file(path, partial(_check, file)) as target:
            shutil.copyfileobj(source, target)
    except (URLError, TimeoutError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise InputError(
            f"{address} cannot be read ({reason}); `chimerae weights add FILE` takes a copy"
        ) from None
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None
    return file, path


def _check(file: Published, path: Path) -> None:
    """Raise `InputError` unless the file at `path` is the published one."""
    found = digest_of(path)
    if not found.startswith(file.digest):
        raise InputError(
            f"{address_of(file)} sent another file: its SHA-256 is {found[:8]}..., not {file.digest}..."
        )
