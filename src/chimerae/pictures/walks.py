"""Walks from several starts as one picture: a row for each way, the steps from left to right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from chimerae.errors import InputError
from chimerae.pictures.grids import LABEL, TILE, beside, enlargement, grid, labelled

if TYPE_CHECKING:
    from torch import Tensor


def walks(
    ways: Mapping[str, Tensor], marks: Sequence[str], *, starts: Tensor | None = None, of: str = "image"
) -> Image.Image:
    """Walks side by side for several starts, a labelled row for each way, below the `marks` of the steps.

    Args:
        ways: name of a row -> images `[s, t, C, H, W]` in [0, 1]: `s` starts, `t` steps. Large images are
            reduced.
        marks: words above the `t` columns.
        starts: images `[s, C, H, W]` above the middle column of each start, in a row called `of`.
        of: name of that row.

    >>> import torch
    >>> ways = {"1": torch.rand(2, 3, 1, 8, 8), "2": torch.rand(2, 3, 1, 8, 8)}
    >>> walks(ways, ["-1", "0", "+1"]).mode
    'RGB'

    Raises:
        InputError: there are no ways, or their steps are not those of `marks`.
    """
    if any(way.shape[1] != len(marks) for way in ways.values()):
        raise InputError(f"ways of other lengths than {len(marks)} steps cannot be shown")
    if not ways:
        raise InputError("no ways to show; give at least one name with images")
    first = next(iter(ways.values()))
    rows = {"": _heading(shrunk(first[0]), marks, len(first))}
    if starts is not None:
        blank = starts.new_ones(len(starts), len(marks), *starts.shape[1:])
        blank[:, len(marks) // 2] = starts
        rows[of] = _strip(blank)
    return labelled({**rows, **{name: _strip(way) for name, way in ways.items()}})


def shrunk(images: Tensor) -> Tensor:
    """Images `[n, C, H, W]`, reduced until their longer side is at most `TILE` pixels.

    >>> import torch
    >>> shrunk(torch.rand(1, 3, 128, 64)).shape
    torch.Size([1, 3, 64, 32])
    """
    height, width = images.shape[2:]
    factor = max(height, width) / TILE
    if factor <= 1:
        return images
    from torch.nn.functional import adaptive_avg_pool2d

    return adaptive_avg_pool2d(images, (max(1, round(height / factor)), max(1, round(width / factor))))


def _strip(way: Tensor) -> Image.Image:
    return beside([grid(shrunk(steps), columns=len(steps)) for steps in way])


def _heading(steps: Tensor, marks: Sequence[str], starts: int) -> Image.Image:
    """The marks above the columns of every start."""
    side = steps.shape[-1] * enlargement(*steps.shape[2:])
    one = Image.new("L", (len(marks) * (side + 1) - 1, LABEL + 2), 255)
    draw, font = ImageDraw.Draw(one), ImageFont.load_default(min(LABEL, max(8, side // 3)))
    for i, mark in enumerate(marks):
        draw.text((i * (side + 1) + side / 2, LABEL / 2 + 1), mark, 34, font, anchor="mm")
    return beside([one] * starts)
