"""Names of the files of a shared model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chimerae.run_folder.schema import CARD, CONFIG, SCORES, WEIGHTS

LIBRARY: Final = "chimerae"
"""Name of the library, as the hub knows it."""
FOLDER: Final = "pictures"
"""Folder of pictures beside the card."""
SHOWN: Final[Mapping[str, str]] = {
    "samples": "Samples",
    "reconstructions": "Images of the data, and their reconstructions",
    "interpolation": "Interpolations between images of the data",
    "manifold": "A plane of codes",
    "scatter": "Points of the data, and samples",
}
"""Kinds of pictures that are shared, with their captions. Those of training images stay in the run."""
NAMES: Final = (CARD, CONFIG, WEIGHTS, SCORES, *(f"{FOLDER}/{kind}.png" for kind in SHOWN))
"""Names of all files that a shared model may have."""
