"""Metrics of images that a model draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chimerae.metrics import edges, laplacian, ms_ssim, sharpness, ssim
from chimerae.metrics.drawn import SampleMetric
from chimerae.metrics.kinds import Fact, Subject


def _has_patches(subject: Subject) -> str | None:
    side = laplacian.PATCH
    return None if min(subject.shape[1:]) >= side else f"images smaller than {side}x{side} have no patches"


def _has_scales(subject: Subject) -> str | None:
    side = ms_ssim.SMALLEST
    return (
        None if min(subject.shape[1:]) >= side else f"images smaller than {side}x{side} have no five scales"
    )


def _has_inside(subject: Subject) -> str | None:
    side = sharpness.SMALLEST
    fits = min(subject.shape[1:]) >= side
    return None if fits else f"images smaller than {side}x{side} have no sharpness"


_EDGES: Final[Mapping[str, Fact]] = {"widths": edges.WIDTHS, "place_step": edges.PLACE_STEP}

SAMPLES: Final[tuple[SampleMetric, ...]] = (
    SampleMetric(
        name="swd",
        better="lower",
        unit="1/1000 of a deviation of pixels",
        facts={
            "patch": laplacian.PATCH,
            "patches": laplacian.PER_IMAGE,
            "images": laplacian.IMAGES,
            "directions": laplacian.DIRECTIONS,
            "coarsest": laplacian.COARSEST,
        },
        suits=_has_patches,
        gather=laplacian.Patches,
        compare=laplacian.swd,
        about="sliced Wasserstein distance of patches of a Laplacian pyramid, mean over its levels",
    ),
    SampleMetric(
        name="sharpness",
        better="data",
        unit="variance of grey values in [0, 1]",
        facts={"laplacian": "3x3", "grey": sharpness.GREY},
        suits=_has_inside,
        alone=True,
        gather=sharpness.Sharpness,
        compare=lambda real, made: made.mean.value,
        about="variance of an image's Laplacian, then mean: up to the row of the data, noise has more",
    ),
    SampleMetric(
        name="ms_ssim",
        better="data",
        unit="[0, 1]",
        facts={
            "scales": ms_ssim.WEIGHTS,
            "sigma": ssim.SIGMA,
            "data_range": ms_ssim.LEVELS,
            "pairs": f"samples 1 and 2, 3 and 4 and so on, {ms_ssim.PAIRS:,} pairs at most",
        },
        details=lambda shape: {"windows": ms_ssim.windows(shape)},
        suits=_has_scales,
        alone=True,
        gather=ms_ssim.Pairs,
        compare=lambda real, made: made.value,
        about="how alike two samples are, by SSIM on five scales: diversity, to be read beside the data's",
    ),
    SampleMetric(
        name="edge_width",
        better="lower",
        unit="pixels",
        facts=_EDGES,
        suits=edges.unsuited,
        gather=edges.Profiles,
        compare=lambda real, made: edges.edge_width(made),
        about="deviation of the erf profile that fits the edge of a sample best, then mean",
    ),
    SampleMetric(
        name="edge_misfit",
        better="lower",
        unit="[0, 1]",
        facts=_EDGES,
        suits=edges.unsuited,
        gather=edges.Profiles,
        compare=lambda real, made: edges.edge_misfit(made),
        about="distance of a sample's edge from the erf profile that fits it best, then mean",
    ),
    SampleMetric(
        name="binary",
        better="higher",
        unit="[0, 1]",
        facts={"near": edges.NEAR},
        suits=edges.unsuited,
        gather=edges.Profiles,
        compare=lambda real, made: edges.binary_share(made),
        about="share of pixels that are black or white (data: .95)",
    ),
    SampleMetric(
        name="edge_places",
        better="lower",
        unit="pixels",
        facts={"distance": "Wasserstein-1"},
        suits=edges.unsuited,
        gather=edges.Profiles,
        compare=edges.place_gap,
        about="distance of the places of the edges from those of the test images",
    ),
)
"""In the order in which they are listed."""
