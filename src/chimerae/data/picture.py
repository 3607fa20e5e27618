"""One image, in any common form, as a picture: the only converter of single images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from torch import Tensor

from chimerae.data.arrays import CHANNELS, array_picture, channel_axis
from chimerae.data.npy_header import Array
from chimerae.data.rescale import UNIT
from chimerae.data.sources import open_picture
from chimerae.errors import InputError

FORMS: Final = "a path, a PIL image, or an array [H, W] or [H, W, C], uint8 or float in [0, 1]"


def as_picture(value: object, name: str = "the image") -> Image.Image:
    """The picture of one image; `name` stands in errors.

    Args:
        value: a path, a PIL image, or an array or tensor `[H, W]`, `[H, W, C]` or `[C, H, W]` with 1, 3 or 4
            channels: uint8, or float in [0, 1], which is rounded to 8 bits.
        name: of the image.

    Raises:
        InputError: it has another form, shape, type or range.
        OSError: the file at a path is no picture.

    >>> as_picture(np.zeros((48, 64, 3))).size, as_picture(np.zeros((3, 48, 64), np.uint8)).size
    ((64, 48), (64, 48))
    """
    if isinstance(value, Image.Image):
        return value.copy()  # decoding closes the picture
    if isinstance(value, str | os.PathLike):
        return open_picture(Path(value).expanduser())
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    if not isinstance(value, np.ndarray):
        raise InputError(f"{name} is an object of type {type(value).__name__}; give {FORMS}")
    shape = value.shape
    if 0 in shape or len(shape) not in (2, 3) or (len(shape) == 3 and channel_axis((0, *shape)) is None):
        raise InputError(f"{name} has shape {list(shape)}; give [H, W] or [H, W, C], C one of {CHANNELS}")
    checked(value, name)
    return array_picture(UNIT(value) if value.dtype.kind == "f" else np.asarray(value, np.uint8))


def checked(value: Array, name: str) -> Array:
    """`value` itself, if its values are those of images: uint8, or float in [0, 1].

    Raises:
        InputError: they are of another type or range, or not finite.
    """
    if value.dtype != np.uint8 and value.dtype.kind != "f":
        raise InputError(f"{name} is of {value.dtype}; give uint8, or float in [0, 1]")
    if value.dtype.kind == "f":
        low, high = float(value.min()), float(value.max())
        if not (low >= 0.0 and high <= 1.0):
            raise InputError(
                f"{name} has values from {low:.3g} to {high:.3g}; give uint8, or float in [0, 1]"
            )
    return value
