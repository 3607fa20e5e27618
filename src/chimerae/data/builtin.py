"""Sources of the package: digits, crops of photographs (`shipped/README.md`), and rendered images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from chimerae import noise
from chimerae.data.sources import ImageSource, Item, Part, digest, even_indices

SHIPPED: Final = Path(__file__).parent / "shipped"
PATCH_SIDE: Final = 32
"""Side of a crop in pixels."""
TRAIN_STRIDE: Final = 8
TEST_STRIDE: Final = 16
TEST_SHARE: Final = 0.2
"""Share of each photograph, at its right edge, from which the test crops come."""
PHOTOGRAPHS: Final = (427, 640, "china"), (427, 640, "flower")
"""Height, width and name of each photograph."""


def digits() -> ImageSource:
    """The 1,797 test digits of UCI, 8 x 8 grey, values 0..16 stretched to 0..255; labels 0..9."""
    file = SHIPPED / "digits.npz"

    def read(limit: int | None) -> Iterator[Item]:
        with np.load(file) as found:
            images, labels = np.rint(found["images"] * (255 / 16)).astype(np.uint8), found["labels"]
        for i in even_indices(len(images), limit):
            yield Item(f"digit {i}", _as_picture(images[i]), int(labels[i]))

    return ImageSource(
        digest(["digits", file.read_bytes()]), {"train": Part(1797, read)}, tuple("0123456789")
    )


def patches() -> ImageSource:
    """32 x 32 crops of the photographs `china` and `flower`, every 8 pixels (test: 16).

    Test crops lie wholly in the right fifth of each photograph, training crops wholly in the rest: no pixel
    is in both.
    """
    identity = digest(["patches", *(_photograph(name).read_bytes() for _, _, name in PHOTOGRAPHS)])
    boxes = {"train": _patch_boxes("train"), "test": _patch_boxes("test")}
    parts = {split: Part(len(found), _crops(found)) for split, found in boxes.items()}
    return ImageSource(identity, parts, tuple(name for _, _, name in PHOTOGRAPHS))


def _photograph(name: str) -> Path:
    return SHIPPED / f"{name}.jpg"


PatchBox = tuple[int, int, int]
"""Photograph, top, left."""


def _patch_boxes(split: str) -> list[PatchBox]:
    found: list[PatchBox] = []
    for photograph, (height, width, _) in enumerate(PHOTOGRAPHS):
        border = round(width * (1 - TEST_SHARE))
        left, right, stride = (0, border, TRAIN_STRIDE) if split == "train" else (border, width, TEST_STRIDE)
        tops, lefts = range(0, height - PATCH_SIDE + 1, stride), range(left, right - PATCH_SIDE + 1, stride)
        found += [(photograph, y, x) for y in tops for x in lefts]
    return found


def _crops(boxes: list[PatchBox]) -> Callable[[int | None], Iterator[Item]]:
    def read(limit: int | None) -> Iterator[Item]:
        photographs = [np.asarray(Image.open(_photograph(name))) for _, _, name in PHOTOGRAPHS]
        for i in even_indices(len(boxes), limit):
            which, y, x = boxes[i]
            crop = np.ascontiguousarray(photographs[which][y : y + PATCH_SIDE, x : x + PATCH_SIDE])
            yield Item(f"{PHOTOGRAPHS[which][2]} at {x},{y}", _as_picture(crop), which)

    return read


def _as_picture(values: NDArray[np.uint8]) -> Callable[[], Image.Image]:
    return lambda: Image.fromarray(values)


EDGES: Final = "step-edges"
EDGE_SIDE: Final = 16
"""Side of an image in pixels."""
EDGE_MARGIN: Final = 2.0
"""An edge keeps this distance, in pixels, from the borders."""
EDGE_COUNTS: Final = {"train": 8192, "test": 2048}


def step_edges() -> ImageSource:
    """Images 16 x 16: black left of an edge whose place is uniform in [2, 14] pixels, white right of it.

    The pixel that the edge crosses has the grey of its white part, so that images change steadily with the
    place; without that there would be only 13 of them. Its best blurred and best sharp models are known.
    (After figure 1 of Plumerault et al. 2020.)
    """
    parts = {split: Part(count, _edges(split, count)) for split, count in EDGE_COUNTS.items()}
    return ImageSource(digest([EDGES, EDGE_SIDE, EDGE_MARGIN, *EDGE_COUNTS.values()]), parts)


def edge_places(split: str) -> torch.Tensor:
    """Places of the edges of a split in pixels from the left border, `[n]` in [2, 14]."""
    uniform = torch.rand(EDGE_COUNTS[split], generator=noise.generator(EDGES, split))
    return EDGE_MARGIN + (EDGE_SIDE - 2 * EDGE_MARGIN) * uniform


def edge_row(place: float) -> NDArray[np.float32]:
    """The row `[16]` of an image with an edge at `place`, in [0, 1].

    >>> edge_row(2.25)[:4].tolist()
    [0.0, 0.0, 0.75, 1.0]
    """
    right = np.arange(1, EDGE_SIDE + 1, dtype=np.float32)
    row: NDArray[np.float32] = np.clip(right - np.float32(place), 0.0, 1.0)
    return row


def _edges(split: str, count: int) -> Callable[[int | None], Iterator[Item]]:
    def read(limit: int | None) -> Iterator[Item]:
        found = edge_places(split)
        for i in even_indices(count, limit):
            yield Item(f"edge {i}", _edge_picture(float(found[i])))

    return read


def _edge_picture(place: float) -> Callable[[], Image.Image]:
    def load() -> Image.Image:
        row = np.rint(255 * edge_row(place)).astype(np.uint8)
        return Image.fromarray(np.tile(row, (EDGE_SIDE, 1)))

    return load


BUILTIN: Final[Mapping[str, tuple[str, Callable[[], ImageSource]]]] = {
    "digits": ("1,797 handwritten digits, 8x8 grey", digits),
    "patches": ("6,450 crops, 32x32 RGB, of two photographs", patches),
    EDGES: ("10,240 images, 16x16 grey, of one edge at a random place", step_edges),
}
"""Description and opener of each source, by name."""
