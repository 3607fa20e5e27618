"""Diversity of images: mean likeness of two of them, by structural similarity on several scales.

Sources: Wang, Simoncelli, Bovik 2003 (multi-scale SSIM); Odena, Olah, Shlens 2017 (arXiv 1610.09585,
section 4.2) for its mean over pairs of samples; Huang et al. 2018 (IntroVAE, arXiv 1807.06358) for pairs of
faces without regard to classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from chimerae.errors import InputError
from chimerae.metrics.mean import Mean
from chimerae.metrics.ssim import WINDOW, sliding, terms
from chimerae.shapes import Shape

WEIGHTS: Final = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents from the finest scale to the coarsest."""
SMALLEST: Final = 64
"""Sides below this leave less than 4 px on the coarsest scale."""
MOST_PAIRS: Final = 10_000
"""Pairs at most, as in the papers; further samples are left out."""
LEVELS: Final = 255
CHUNK: Final = 2**18
"""Values of `x` worked on at a time: larger ones leave the caches."""


@dataclass
class Pairs:
    """Running mean of `ms_ssim` of the samples 1 and 2, 3 and 4 and so on, at most `MOST_PAIRS`."""

    mean: Mean = field(default_factory=Mean)
    single: Tensor | None = None
    """A sample `[1, C, H, W]` that waits for the next batch; `[0, C, H, W]` when none does."""

    def add(self, images: Tensor) -> None:
        """Take in images `[B, C, H, W]` in [0, 1]; they are rounded to 256 levels, as in a file."""
        if self.mean.n == MOST_PAIRS:
            return
        images = (images * LEVELS).round() / LEVELS
        images = images if self.single is None else torch.cat([self.single, images])
        even = min(len(images) // 2, MOST_PAIRS - self.mean.n) * 2
        self.mean.add(ms_ssim(images[0:even:2], images[1:even:2]))
        self.single = images[even : even + 1]

    @property
    def value(self) -> float:
        """The mean.

        Raises:
            InputError: no pair has been seen.
        """
        if not self.mean.n:
            raise InputError("it needs two samples or more")
        return self.mean.value


def ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    """Multi-scale SSIM of images `[B, C, H, W]` in [0, 1] with sides of 64 or more: `[B]` in [0, 1], float64.

    The product over five scales of a mean to the power of its weight: the mean SSIM on the coarsest scale,
    the mean contrast and structure term on the others. A mean below 0 counts as 0. Each scale is the one
    before, averaged over 2x2 pixels. Constants, window and means are those of `ssim`, but the window shrinks
    to `windows`.

    >>> x = torch.rand(1, 1, 64, 64)
    >>> ms_ssim(x, x).round(decimals=6)
    tensor([1.], dtype=torch.float64)
    """
    k = max(1, CHUNK // x[0].numel()) if len(x) else 1
    parts = [_product(x[i : i + k], y[i : i + k]) for i in range(0, len(x), k)]
    return torch.cat([*parts, torch.empty(0, dtype=torch.float64, device=x.device)])


def windows(shape: Shape) -> tuple[int, ...]:
    """Sides of the Gaussian window on each scale of images `(C, H, W)`: 11, or a smaller side of the image.

    >>> windows((3, 64, 64)), windows((3, 128, 160))
    ((11, 11, 11, 8, 4), (11, 11, 11, 11, 8))
    """
    return tuple(min(WINDOW, *(side >> scale for side in shape[1:])) for scale in range(len(WEIGHTS)))


def _product(x: Tensor, y: Tensor) -> Tensor:
    total = torch.ones(len(x), dtype=torch.float64, device=x.device)
    x, y = x.double(), y.double()
    for scale, (side, weight) in enumerate(zip(windows(tuple(x.shape[1:])), WEIGHTS, strict=True)):
        if scale:
            x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
        rows, columns = (sliding(side, n).to(x.device) for n in x.shape[2:])
        luminance, structure = terms(x, y, rows, columns)
        term = structure if scale < len(WEIGHTS) - 1 else luminance * structure
        total = total * term.flatten(1).mean(1).clamp(min=0) ** weight
    return total
