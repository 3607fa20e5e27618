"""Sharpness of a single edge: metrics for the images `step-edges`.

The mean of steps at normally distributed places is the normal distribution function, an erf profile. A
Gaussian decoder can do no better when its code leaves the place uncertain (Plumerault et al. 2020, section 3
and figure 1). A profile is the mean over the rows of an image, in pixels from the left border.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Final

import torch
from torch import Tensor

from chimerae.metrics.kinds import MetricContext

WIDTHS: Final = (0.05, 8.0, 40)
"""Candidate widths in pixels: smallest, largest and number, at equal ratios."""
PLACE_STEP: Final = 0.0625
"""Distance, in pixels, of candidate places."""
CHUNK: Final = 256
"""Profiles fitted at a time."""
NEAR: Final = 0.1
"""Largest distance from 0 or 1 of a pixel that counts as black or white."""
NEIGHBOURS: Final = 50
"""Images whose mean stands for the places that a code leaves open. Fewer give a poor fit of an erf profile;
more lie wider than a posterior.
"""


def why_not(context: MetricContext) -> str | None:
    """The reason why edges of known place and width are missing; None for `step-edges`."""
    return None if context.source == "step-edges" else "it is for the images step-edges"


@dataclass
class Profiles:
    """Mean rows of images, `[B, W]` per batch, and numbers of all their pixels and of black or white ones."""

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
    """Mean deviation, in pixels, of the erf profiles that fit best; an ideal edge has the smallest width."""
    return float(fitted(made.profiles())[0].mean())


def edge_misfit(made: Profiles) -> float:
    """Root mean square distance of a profile from the erf profile that fits it best, mean over profiles."""
    return float(fitted(made.profiles())[1].mean())


def places(profiles: Tensor) -> Tensor:
    """Places `[n]`, in pixels from the left border, of the edges of `profiles` `[n, W]`.

    A place is the width of the black part. A blur of equal width to both sides does not move an edge.

    >>> places(torch.tensor([[0.0, 0.25, 1.0], [0.0, 0.0, 0.5]]))
    tensor([1.7500, 2.5000])
    """
    return profiles.shape[1] - profiles.sum(1)


def place_gap(real: Profiles, made: Profiles) -> float:
    """Distance in pixels (Wasserstein-1) of the places of two sets of edges: the smallest mean shift that
    turns one set into the other.
    """
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(*(places(seen.profiles()).numpy() for seen in (made, real))))


def open_width(codes: Tensor, prior: Tensor, images: Tensor) -> float:
    """Mean width, in pixels, of the edges that prior codes leave open.

    For each of the `prior` draws `[m, z]`, the `images` `[n, C, H, W]` with the 50 nearest `codes` `[n, z]`
    are averaged; the width is that of the edge in their mean. For the least squared error, any decoder of the
    code has to draw that mean.
    """
    rows = images.double().mean((1, 2)).cpu()
    distance = torch.cdist(prior.double(), codes.double()).cpu()
    near = distance.topk(min(NEIGHBOURS, len(rows)), largest=False).indices
    return float(fitted(rows[near].mean(1))[0].mean())


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
