"""What is cut out of an image before it is resized."""

from __future__ import annotations

from chimerae.data.settings import Crop
from chimerae.errors import InputError

Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""


def crop_box(crop: Crop | None, height: int, width: int, name: str) -> Box:
    """The part that `crop` takes of an image of `height` x `width` pixels; None takes all of it.

    A share keeps `n - 2 * int((n - n * share) / 2)` pixels of a side of n, as TensorFlow's `central_crop`.

    Args:
        crop: as in the settings.
        height: of the image.
        width: of the image.
        name: of the image or its source, for the error.

    Raises:
        InputError: the crop is larger than the image.

    >>> crop_box(0.7, 218, 178, "a face"), crop_box(0.6, 218, 178, "a face")
    ((26, 32, 126, 154), (35, 43, 108, 132))
    >>> crop_box(140, 218, 178, "a face"), crop_box((15, 40, 148, 148), 218, 178, "a face")
    ((19, 39, 140, 140), (15, 40, 148, 148))
    """
    if crop is None:
        return 0, 0, width, height
    if isinstance(crop, float):
        left, top = (int((side - side * crop) / 2) for side in (width, height))
        return left, top, width - 2 * left, height - 2 * top
    box = crop if isinstance(crop, tuple) else ((width - crop) // 2, (height - crop) // 2, crop, crop)
    left, top, wide, high = box
    if min(left, top) < 0 or left + wide > width or top + high > height:
        raise InputError(
            f"'{name}': {height}x{width} pixels are too few for --prepare.crop {_in_words(crop)}; "
            f"choose a smaller one, or a share of the sides such as 0.7"
        )
    return box


def cropped_size(crop: Crop | None, size: tuple[int, int], name: str) -> tuple[int, int]:
    """Height and width that are left by `crop` of an image of `size`, height and width.

    Raises:
        InputError: the crop is larger than the image.
    """
    _, _, wide, high = crop_box(crop, *size, name)
    return high, wide


def _in_words(crop: Crop) -> str:
    return " ".join(map(str, crop)) if isinstance(crop, tuple) else str(crop)
