"""Sides of images that networks of halvings can be built for."""

from __future__ import annotations

from collections.abc import Callable

from chimerae.errors import InputError
from chimerae.shapes import Shape, describe, is_image


def images_only(name: str, shape: Shape) -> None:
    """Raise `InputError` when the architecture `name` is asked for networks of points."""
    if not is_image(shape):
        raise InputError(f"{name} needs images, but the data are {describe(shape)}; use --arch mlp")


def check_sides(name: str, shape: Shape, nearest: Shape, multiples: str, *, word: str = "valid") -> None:
    """Raise `InputError` unless `nearest`, the nearest shape with valid sides, is `shape` itself.

    `multiples` says which sides are valid; `word` tells how `nearest` differs: `valid`, or `larger`.
    """
    (_, height, width), (_, h, w) = shape, nearest
    if (h, w) != (height, width):
        raise InputError(
            f"{name} cannot be built for {height}x{width} images: {multiples}; "
            f"the nearest {word} size is {h}x{w} (--prepare.size {h} {w})"
        )


def multiples_of(times: int) -> str:
    """The sides that can be halved so many times, in words.

    >>> multiples_of(3)
    'with 3 halvings, sides must be multiples of 8'
    """
    return f"with {times} halvings, sides must be multiples of {2**times}"


def halvings(shape: Shape) -> int:
    """Number of times that sides are halved until the shorter one has 4 to 7 pixels; at least 1.

    >>> halvings((3, 32, 32)), halvings((3, 1024, 1024)), halvings((1, 4, 9))
    (3, 8, 1)
    """
    return max((min(shape[1:]) // 4).bit_length() - 1, 1)


def next_multiple(shape: Shape, step_of: Callable[[Shape], int]) -> Shape:
    """The nearest shape that is not smaller, with sides that are multiples of its own step.

    >>> next_multiple((1, 28, 30), lambda shape: 8)
    (1, 32, 32)
    >>> next_multiple((1, 63, 9), lambda shape: 16 if shape[1] > 63 else 8)
    (1, 64, 16)
    """
    channels, height, width = shape
    step = step_of(shape)
    larger = (channels, -(-height // step) * step, -(-width // step) * step)
    return larger if step_of(larger) == step else next_multiple(larger, step_of)
