"""What tests of data make their files from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Make = Callable[..., Path]
"""Of the fixture `photos`."""


def speckles(seed: int, height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """Noise `[height, width]` for one channel, else `[height, width, channels]`."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
