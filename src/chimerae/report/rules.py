"""Thresholds and words of the verdict. `docs/report.md` has a row for each, and a test compares the two.

Shares are against the data's own value of the same metric, so that they do not depend on the number of images
or on the features. Each threshold was read off finished runs and their pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Step:
    """One rung of a ladder: `words` hold for values up to `limit` that no earlier step took."""

    limit: float
    words: str
    good: bool


INFINITY: Final = float("inf")


def _variety(*, same: float, alike: float, less: float, varied: float) -> tuple[Step, ...]:
    """The ladder of a variety whose value is 1 for the data, by the limit of each step."""
    return (
        Step(same, "draws the same picture for every code", good=False),
        Step(alike, "are much alike", good=False),
        Step(less, "are less varied than the data", good=False),
        Step(varied, "are varied", good=True),
        Step(INFINITY, "are more varied than the data", good=False),
    )


ERROR: Final = (
    Step(0.35, "reconstructs well", good=True),
    Step(0.7, "reconstructs roughly", good=True),
    Step(0.95, "reconstructs poorly", good=False),
    Step(INFINITY, "reconstructs no better than the mean image", good=False),
)
"""Squared error over that of the mean image. Faces of LFW: WAE .18, VAE .28, both recognised at once;
digits: a VAE of legible digits .43, a VAE whose digits lose their class .74; above .95 nothing of the
original is left (the threshold of the health word `no better than the mean`).
"""
DETAIL: Final = 0.5
"""Share of the originals' fine detail below which reconstructions are blurred: VAEs .08 to .28, the
critic-driven decoders .4 to 1.2.
"""
SAME_CLASS: Final = 0.85
OTHER_CLASS: Final = 0.6
"""Share of reconstructions with the class of their original: from .85 on a large error means another
picture of the same class; below .6 the class is lost. Good AVAEs have .89 to .92, collapsed ones .1.
"""

DISTANCE: Final = _variety(same=0.1, alike=0.5, less=0.85, varied=1.2)
"""Mean distance of two samples in features; the data's own is 1. Digits: collapsed .01, decoders .47 to
.78, the generator of a good AVAE 1.00.
"""
APART: Final = 0.5
"""Distance from which samples count as different pictures, however little their pixels vary."""
COVERED: Final = (
    Step(0.1, "cover little of the data", good=False),
    Step(0.6, "cover a part of the data", good=False),
    Step(INFINITY, "cover most of the data", good=True),
)
"""Coverage over the data's own. MNIST without five of ten classes has .53, without three .72, collapsed
generators .00 to .03.
"""
SPREAD: Final = _variety(same=0.02, alike=0.1, less=0.5, varied=1.5)
"""Summed variance of samples over that of the data. Collapsed generators .000 to .013, VAEs of grey ovals
.08 to .09, VAEs of faces .40, GANs .6 to .9; the first two are the thresholds of the health words.
"""
REALISM: Final = (
    Step(0.1, "do not look like the data", good=False),
    Step(0.4, "look little like the data", good=False),
    Step(0.8, "look roughly like the data", good=True),
    Step(INFINITY, "look like the data", good=True),
)
"""The smaller of precision and density, each over the data's own: precision alone calls a blob in a wide
ball realistic, density alone one in the middle of a mode. MNIST as it is 1.0, behind a 3x3 mean filter
.31, with noise of deviation .05 .23, behind a 5x5 mean filter .05.
"""
COVERAGE_OF_REAL: Final = 0.6
"""Least share of coverage for varied samples to be called as real as the data. CIFAR-10: textures of a
BiGAN, clearly no pictures, have precision .81, density .52 and coverage .17; faces of a GAN, faces at a
glance, have .78, .44 and .35.
"""
SWD: Final = (
    Step(1.3, "look like the data", good=True),
    Step(2.5, "look roughly like the data", good=True),
    Step(5.0, "look little like the data", good=False),
    Step(INFINITY, "do not look like the data", good=False),
)
"""Sliced Wasserstein distance over the data's own, where there are no features. MNIST: WGAN-GP 1.5, Soft-
IntroVAE 3.6, a VAE of grey ovals 5 and more.
"""
BLURRED: Final = 0.5
GRAINY: Final = 2.0
"""Sharpness of samples over the data's own: VAEs .08 to .3, GANs .8 to 1.6, checkerboards beyond 2."""

COPIED: Final = 0.05
"""Share of samples that are copies: five times the data's own .01, which chance alone gives."""
NEAR: Final = 0.5
"""Distance to the nearest training image over that of new images; below, samples follow training images."""

ON_DATA: Final = (
    Step(0.5, "miss the data", good=False),
    Step(0.9, "lie roughly on the data", good=True),
    Step(INFINITY, "lie on the data", good=True),
)
"""Share of points on the data (`near_data`, else `in_modes`) over the data's own .99."""
DIVERGENCE: Final = (
    Step(0.03, "follow the density of the data", good=True),
    Step(0.15, "follow the density of the data roughly", good=True),
    Step(INFINITY, "miss a part of the density of the data", good=False),
)
"""Jensen-Shannon divergence in nats beyond the data's own. 8 Gaussians: one mode missing .04, two .09,
four .21, all modes half as wide again .03, twice .10.
"""


def step_of(ladder: Sequence[Step], value: float) -> Step:
    """The step that takes a value.

    >>> step_of(ERROR, 0.28).words, step_of(ERROR, 1.4).words
    ('reconstructs well', 'reconstructs no better than the mean image')
    """
    return next(step for step in ladder if value <= step.limit)
