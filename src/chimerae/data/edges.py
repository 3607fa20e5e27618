"""Images of a single edge at a random place: data whose best blurred and best sharp models are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from chimerae import noise
from chimerae.data.sources import ImageSource, Item, Part, digest, spread

NAME: Final = "step-edges"
SIDE: Final = 16
"""Side of an image in pixels."""
MARGIN: Final = 2.0
"""An edge keeps this distance, in pixels, from the borders."""
COUNTS: Final = {"train": 8192, "test": 2048}


def step_edges() -> ImageSource:
    """Images 16 x 16: black left of an edge whose place is uniform in [2, 14] pixels, white right of it.

    The pixel that the edge crosses has the grey of its white part, so that images change steadily with the
    place; without that there would be only 13 of them. (After figure 1 of Plumerault et al. 2020.)
    """
    parts = {split: Part(count, _read(split, count)) for split, count in COUNTS.items()}
    return ImageSource(digest([NAME, SIDE, MARGIN, *COUNTS.values()]), parts)


def places(split: str) -> torch.Tensor:
    """Places of the edges of a split in pixels from the left border, `[n]` in [2, 14]."""
    drawn = torch.rand(COUNTS[split], generator=noise.generator(NAME, split))
    return MARGIN + (SIDE - 2 * MARGIN) * drawn


def edge(place: float) -> NDArray[np.float32]:
    """The row `[16]` of an image with an edge at `place`, in [0, 1].

    >>> edge(2.25)[:4].tolist()
    [0.0, 0.0, 0.75, 1.0]
    """
    right = np.arange(1, SIDE + 1, dtype=np.float32)
    row: NDArray[np.float32] = np.clip(right - np.float32(place), 0.0, 1.0)
    return row


def _read(split: str, count: int) -> Callable[[int | None], Iterator[Item]]:
    def read(limit: int | None) -> Iterator[Item]:
        found = places(split)
        for i in spread(count, limit):
            yield Item(f"edge {i}", _picture(float(found[i])))

    return read


def _picture(place: float) -> Callable[[], Image.Image]:
    def load() -> Image.Image:
        row = np.rint(255 * edge(place)).astype(np.uint8)
        return Image.fromarray(np.tile(row, (SIDE, 1)))

    return load
