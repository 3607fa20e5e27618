"""How sharp a single edge is: what is known about the images `step-edges`.

The mean of steps at normally distributed places is the normal distribution function, an erf profile: that is
the best a Gaussian decoder can do when its code leaves the place uncertain (Plumerault et al. 2020, section 3
and figure 1). A profile is the mean over the rows of an image, in pixels from the left border.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Final

import torch
from torch import Tensor

WIDTHS: Final = (0.05, 8.0, 40)
"""Widths that are tried, in pixels: from, to, how many, at equal ratios."""
PLACE_STEP: Final = 0.0625
"""Distance, in pixels, of the places that are tried."""
CHUNK: Final = 256
"""Profiles that are fitted at a time."""
NEAR: Final = 0.1
"""A pixel counts as black or white when it is no farther than this from 0 or 1."""


@dataclass
class Profiles:
    """Mean rows of images, `[B, W]` per batch, and how many of their pixels are black or white."""

    rows: list[Tensor] = field(default_factory=list)
    pixels: int = 0
    binary: int = 0

    def add(self, images: Tensor) -> None:
        """Take in images `[B, C, H, W]`."""
        self.rows.append(images.double().mean((1, 2)).cpu())
        self.pixels += images.numel()
        self.binary += int((torch.minimum(images, 1 - images) <= NEAR).sum())

    def profiles(self) -> Tensor:
        """All profiles, `[n, W]` float64."""
        return torch.cat(self.rows)


def edge_width(made: Profiles) -> float:
    """Mean deviation, in pixels, of the erf profiles that fit best; an ideal edge has the smallest tried."""
    return float(fitted(made.profiles())[0].mean())


def edge_misfit(made: Profiles) -> float:
    """Root mean square distance of a profile from the erf profile that fits it best, mean over profiles."""
    return float(fitted(made.profiles())[1].mean())


def binary_share(made: Profiles) -> float:
    """Share of pixels within 0.1 of black or white, in [0, 1]."""
    return made.binary / made.pixels


def fitted(profiles: Tensor) -> tuple[Tensor, Tensor]:
    """Width in pixels `[n]` and misfit `[n]` of the best erf profile for each of `profiles` `[n, W]`.

    The best of a grid of widths and places, by least squares.
    """
    tried, widths = _candidates(profiles.shape[1])
    nearest = [torch.cdist(some.double(), tried).min(1) for some in profiles.split(CHUNK)]
    distance, which = (torch.cat(parts) for parts in zip(*nearest, strict=True))
    return widths[which], distance / profiles.shape[1] ** 0.5


def erf_profile(place: Tensor, width: Tensor, pixels: int) -> Tensor:
    """Profiles `[..., pixels]` of edges at `place` `[...]` blurred by a normal distribution of deviation
    `width` `[...]`: its distribution function, averaged over each pixel.
    """
    borders = torch.arange(pixels + 1, dtype=torch.float64)
    u = (borders - place[..., None]) / width[..., None]
    normal = torch.distributions.Normal(torch.zeros((), dtype=torch.float64), 1.0)
    integral = width[..., None] * (u * normal.cdf(u) + normal.log_prob(u).exp())
    profile: Tensor = integral.diff(dim=-1)
    return profile


@cache
def _candidates(pixels: int) -> tuple[Tensor, Tensor]:
    low, high, count = WIDTHS
    widths = torch.logspace(0, 1, count, base=high / low, dtype=torch.float64) * low
    places = torch.arange(-2.0, pixels + 2.0, PLACE_STEP, dtype=torch.float64)
    place, width = torch.meshgrid(places, widths, indexing="ij")
    return erf_profile(place.flatten(), width.flatten(), pixels), width.flatten()
