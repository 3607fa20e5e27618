"""Settings that turn a source into arrays; importable without torch."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from chimerae.config import STRICT

Fit = Literal["crop", "squeeze", "pad"]
Side = Annotated[int, Field(gt=0, le=16384)]
Offset = Annotated[int, Field(ge=0, le=16384)]
Share = Annotated[float, Field(gt=0.0, le=1.0)]
Crop = Share | Annotated[int, Field(gt=1, le=16384)] | tuple[Offset, Offset, Side, Side]
"""A central share of both sides, a central square in pixels, or left, top, width and height in pixels."""

SPLITS: Final = ("train", "test")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Prepare:
    """Settings that turn a source into arrays. Points are taken as they are: only `hold_out` concerns them.

    >>> Prepare(size=32).height_width, Prepare(size=(48, 64)).height_width, Prepare().height_width
    ((32, 32), (48, 64), None)
    """

    crop: Crop | None = None
    """Region to cut out first. At most 1: the share of both sides that is kept around the centre; a whole
    number: the side of a central square in pixels; four numbers: left, top, width and height in pixels."""

    size: Side | tuple[Side, Side] | None = None
    """Side of the square in pixels, or height and width; None: the native one, which all must share."""

    fit: Fit = "crop"
    """Way to that size: 'crop' the centre to the size's aspect ratio and resize it, 'squeeze' the whole
    image, or 'pad' it with black, after shrinking what is larger."""

    channels: Literal["auto", "1", "3"] = "auto"
    """Grey (1) or colour (3); 'auto' is grey when no image has colour."""

    hold_out: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.1
    """Share kept for testing when the source has no test split (at least one image)."""

    validation: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    """Share of the training samples (at least one) that takes the place of the test split, to choose settings
    by. The array of test samples is then never opened. None: no such share."""

    @property
    def height_width(self) -> tuple[int, int] | None:
        """The wanted height and width in pixels; None is the native size."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size
