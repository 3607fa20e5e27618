"""The weights in the folder of a model: found, counted, and read with all checks."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from chimerae.errors import InputError
from chimerae.files import read_bytes
from chimerae.run_folder.schema import CONFIG, WEIGHTS
from chimerae.training.checkpoint import unpack, values_in

WAITING: Final = f".{WEIGHTS}.waiting"
"""File of new weights until the `config.json` that they belong to is there."""
DTYPES: Final = frozenset({torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64})
"""Types of numbers that networks keep."""


def weights_of(folder: Path, config: Mapping[str, Any]) -> Path:
    """The file of weights of the model in `folder`: those that still wait, if they are those of `config`."""
    with suppress(OSError, InputError):
        if sha256(read_bytes(folder / WAITING)).hexdigest() == config.get("sha256"):
            return folder / WAITING
    return folder / WEIGHTS


def read_weights(path: Path, config: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors of the model of `config` in the file `path`.

    Raises:
        InputError: they are missing, are not those of `config`, or hold NaN or infinity.
    """
    again = _again(path)
    count_weights(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; {again}") from None
    found = sha256(content).hexdigest()
    if config.get("sha256", found) != found:
        raise InputError(f"{path} is damaged: its checksum is not the one in {CONFIG}; {again}")
    tensors = unpack(content, path)
    odd = next((name for name, tensor in tensors.items() if tensor.dtype not in DTYPES), None)
    if odd is not None:
        raise InputError(f"{path} is of no use: '{odd}' holds {tensors[odd].dtype}; {again}")
    spoilt = next((name for name, tensor in tensors.items() if not tensor.isfinite().all()), None)
    if spoilt is not None:
        raise InputError(f"{path} is of no use: '{spoilt}' holds NaN or infinity")
    return tensors


def count_weights(path: Path) -> int:
    """The number of values in the file of weights `path`, which are not read.

    Raises:
        InputError: it is missing, or its header and its size do not agree.
    """
    again = _again(path)
    try:
        return values_in(path)
    except InputError as error:
        raise InputError(f"{error}; {again}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; {again}") from None


def _again(path: Path) -> str:
    return f"if it lies in a run folder, `chimerae resume {path.parent.parent}` writes it again"
