"""Sources without files: digits and crops of photographs from scikit-learn, and images that are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from chimerae.data import edges
from chimerae.data.sources import ImageSource, Item, Part, digest, spread

SIDE: Final = 32
"""Side of a crop in pixels."""
TRAIN_STRIDE: Final = 8
TEST_STRIDE: Final = 16
TEST_SHARE: Final = 0.2
"""Share of each photograph, at its right edge, from which the test crops come."""
PHOTOGRAPHS: Final = (427, 640, "china"), (427, 640, "flower")
"""Height, width and name of each photograph."""


def digits() -> ImageSource:
    """The 1,797 digits of scikit-learn, 8 x 8 grey, values 0..16 stretched to 0..255; labels 0..9."""

    def read(limit: int | None) -> Iterator[Item]:
        from sklearn.datasets import load_digits

        found = load_digits()
        images = np.rint(found.images * (255 / 16)).astype(np.uint8)
        for i in spread(len(images), limit):
            yield Item(f"digit {i}", _as_picture(images[i]), int(found.target[i]))

    return ImageSource(_identity("digits"), {"train": Part(1797, read)}, tuple("0123456789"))


def patches() -> ImageSource:
    """32 x 32 crops of the photographs `china` and `flower` of scikit-learn, every 8 pixels (test: 16).

    Test crops lie wholly in the right fifth of each photograph, training crops wholly in the rest: no pixel
    is in both.
    """
    boxes = {"train": _boxes("train"), "test": _boxes("test")}
    parts = {split: Part(len(found), _crops(found)) for split, found in boxes.items()}
    return ImageSource(_identity("patches"), parts, tuple(name for _, _, name in PHOTOGRAPHS))


Box = tuple[int, int, int]
"""Photograph, top, left."""


def _boxes(split: str) -> list[Box]:
    found: list[Box] = []
    for photograph, (height, width, _) in enumerate(PHOTOGRAPHS):
        border = round(width * (1 - TEST_SHARE))
        left, right, stride = (0, border, TRAIN_STRIDE) if split == "train" else (border, width, TEST_STRIDE)
        tops, lefts = range(0, height - SIDE + 1, stride), range(left, right - SIDE + 1, stride)
        found += [(photograph, y, x) for y in tops for x in lefts]
    return found


def _crops(boxes: list[Box]) -> Callable[[int | None], Iterator[Item]]:
    def read(limit: int | None) -> Iterator[Item]:
        from sklearn.datasets import load_sample_image

        photographs = [load_sample_image(f"{name}.jpg") for _, _, name in PHOTOGRAPHS]
        for i in spread(len(boxes), limit):
            which, y, x = boxes[i]
            crop = np.ascontiguousarray(photographs[which][y : y + SIDE, x : x + SIDE])
            yield Item(f"{PHOTOGRAPHS[which][2]} at {x},{y}", _as_picture(crop), which)

    return read


def _as_picture(values: NDArray[np.uint8]) -> Callable[[], Image.Image]:
    return lambda: Image.fromarray(values)


def _identity(name: str) -> str:
    return digest([name, version("scikit-learn")])


EMBEDDED: Final[Mapping[str, tuple[str, Callable[[], ImageSource]]]] = {
    "digits": ("1,797 handwritten digits, 8x8 grey, of scikit-learn", digits),
    "patches": ("6,450 crops, 32x32 RGB, of the two photographs in scikit-learn", patches),
    edges.NAME: ("10,240 images, 16x16 grey, of one edge at a random place", edges.step_edges),
}
"""Name -> what it is, and how it is opened."""
