"""Measurements on the drawn pictures of a run: they exist for every run, evaluated or not.

All shares are against the variance of the originals that stand in the same picture, so that 1 is the score of
the mean image: reconstructions drawn as the mean of all originals have an `error` of 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from chimerae.pictures import enlargement, strips
from chimerae.report.images import open_picture
from chimerae.report.read import RunFolder

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    Images = NDArray[np.float64]

FEWEST: Final = 4
"""Fewest images with a meaningful variance."""
LONGEST: Final = 10_000
"""Pixels of a side of an image of the data; there are no larger ones in a picture."""
MOST_PIXELS: Final = 12_000_000
"""Pixels of a sheet that is measured."""
ORIGINALS: Final = "originals"
"""Name of the row of test images."""
Shape = tuple[int, int]
"""Height and width of an image of the data."""


@dataclass(frozen=True)
class Seen:
    """Shares by network, and the variance of samples."""

    error: Mapping[str, float] = field(default_factory=dict)
    """Squared error of reconstructions over the variance of their originals: 0 exact, 1 the mean image."""
    detail: Mapping[str, float] = field(default_factory=dict)
    """Squared differences of neighbouring pixels of reconstructions over those of their originals: blur has
    less than 1, noise more.
    """
    spread: float | None = None
    """Variance of samples of the generating network over that of originals (of the samples' own contrast
    where there are none): 0 when all are the same picture.
    """


def see(run: RunFolder) -> Seen:
    """Measure the pictures of the evaluation, or the newest ones drawn while learning; empty without any.

    Raises:
        InputError: a picture cannot be read.
    """
    shape = _shape(run)
    if shape is None:
        return Seen()
    rows = _row_images(_newest(run, "reconstructions"), shape)
    originals = rows.pop(ORIGINALS, None)
    if originals is not None and not _variance(originals) > 0:
        rows, originals = {}, None
    spread = _spread(_sheet_images(_newest(run, "samples"), shape), originals)
    if originals is None:
        return Seen(spread=spread)
    variance, detail = _variance(originals), _detail(originals)
    return Seen(
        error={name: float(np.square(own - originals).mean()) / variance for name, own in rows.items()},
        detail={name: _detail(own) / detail for name, own in rows.items()},
        spread=spread,
    )


def _shape(run: RunFolder) -> Shape | None:
    """Height and width of an image of the data; None for points and unknown data."""
    shape = run.data.get("shape")
    if not isinstance(shape, list) or len(shape) != 3:
        return None
    if not all(type(side) is int and 0 < side <= LONGEST for side in shape):
        return None
    return shape[1], shape[2]


def _newest(run: RunFolder, kind: str) -> Path | None:
    sheets = sorted((s for s in run.snapshots if s.kind == kind), key=lambda s: s.step)
    return run.pictures.get(kind) or (sheets[-1].path if sheets else None)


def _row_images(path: Path | None, shape: Shape) -> dict[str, Images]:
    """Images `[n, H, W, C]` in [0, 1] of each row of a labelled picture; empty when it has no rows."""
    parts = {} if path is None else strips(open_picture(path))
    sets = {name: _cut(strip, shape, padding=2) for name, strip in parts.items()}
    counts = {len(images) for images in sets.values()}
    return sets if len(counts) == 1 and counts.pop() >= FEWEST else {}


def _sheet_images(path: Path | None, shape: Shape) -> Images | None:
    """Samples `[n, H, W, C]` in [0, 1] of a sheet, without the white places at its end; None when few."""
    if path is None:
        return None
    images = _cut(open_picture(path), shape, padding=1)
    images = images[: len(images) - len(list(takewhile(lambda image: image.min() == 1.0, images[::-1])))]
    return images if len(images) >= FEWEST else None


def _cut(sheet: Image.Image, shape: Shape, padding: int) -> Images:
    """The images of a sheet `[n, H, W, C]` in [0, 1]; empty if it was reduced after drawing, or is very
    large.
    """
    factor = enlargement(*shape)
    h, w = (factor * side + padding for side in shape)
    if (
        sheet.height * sheet.width > MOST_PIXELS
        or (sheet.height + padding) % h
        or (sheet.width + padding) % w
    ):
        return np.empty((0, *shape, 3))
    values = np.asarray(sheet.convert("RGB"), dtype=np.float64) / 255
    return np.stack(
        [
            values[top : top + h - padding : factor, left : left + w - padding : factor]
            for top in range(0, sheet.height, h)
            for left in range(0, sheet.width, w)
        ]
    )


def _variance(images: Images) -> float:
    """Variance over images, mean over values; exactly 0 when all are alike."""
    return float((images - images[0]).var(0, ddof=1).mean())


def _detail(images: Images) -> float:
    """Mean squared difference of neighbouring pixels."""
    return float(np.square(np.diff(images, axis=1)).mean() + np.square(np.diff(images, axis=2)).mean())


def _spread(samples: Images | None, originals: Images | None) -> float | None:
    if samples is None:
        return None
    own = _variance(samples)
    if originals is not None:
        return own / _variance(originals)
    contrast = own + float(samples.mean(0).var())
    return own / contrast if contrast else 0.0
