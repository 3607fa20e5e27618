"""Metrics of images that a model draws or reconstructs, as a set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Protocol, final, runtime_checkable

from torch import Tensor

from chimerae.metrics import (
    edges,
    ms_ssim,
    sharpness,
    ssim,
    swd,
)
from chimerae.metrics.kinds import Fact, Features, Metric, MetricContext, Needs, feature_facts, no_samples
from chimerae.metrics.scales import PIXELS, SHARE, lower, towards_data
from chimerae.shapes import Shape, is_image


class Statistic(Protocol):
    """A summary of images or of their features, gathered batch by batch, and much smaller."""

    def add(self, images: Tensor, /) -> None:
        """Take in images `[B, C, H, W]` in [0, 1], or features `[B, d]`."""
        ...


@runtime_checkable
class Storable(Statistic, Protocol):
    """A statistic that can be stored and restored."""

    stored_as: ClassVar[str]
    """Part of the key in the cache. It stays when the class is renamed."""

    def tensors(self) -> Mapping[str, Tensor]:
        """All that it holds."""
        ...

    def restore(self, tensors: Mapping[str, Tensor], /) -> None:
        """Restore what `tensors` gave; a `KeyError` when a part is missing."""
        ...


@final
@dataclass(frozen=True, kw_only=True)
class SampleMetric(Metric):
    """Judges images that a model draws or reconstructs, by a statistic of them and the same statistic of the
    data.
    """

    made: Literal["samples", "reconstructions"] = "samples"
    """Images that it judges: samples, or reconstructions, which are compared with their originals."""
    features: Features | None = None
    """Features that the statistic summarises; None: the images themselves."""
    gather: Callable[[], Statistic]
    """Makes a new, empty statistic."""
    compare: Callable[[Any, Any], float | tuple[float, float | None]]
    """Maps the statistics of the data and of samples to the value (and its deviation, if there is one)."""
    alone: bool = False
    """True: it measures one set at a time. `compare` then gets None for the data. Images of the data come in
    random order, because neighbours in a file may be alike.
    """
    bounded: tuple[str, ...] = ()
    """Facts that are at most the number of images of either kind."""
    details: Callable[[Shape], Mapping[str, Fact]] = lambda shape: {}
    """Facts that depend on the shape of an image."""

    @property
    def needs(self) -> Needs:
        """Samples or reconstructions."""
        return self.made

    def why_not(self, context: MetricContext) -> str | None:
        """The reason why it does not apply to `context`; None when it applies."""
        if not is_image(context.shape):
            return "it judges images"
        if self.made == "reconstructions":
            return self.suits(context) if context.encodes else "it needs an encoder"
        return no_samples(context) or self.suits(context)

    def protocol(self, context: MetricContext) -> Mapping[str, Fact]:
        """Facts that give its value a meaning."""
        return {**self.facts, **self.details(context.shape), **feature_facts(self.features)}


def _has_patches(context: MetricContext) -> str | None:
    side = swd.PATCH
    return None if min(context.shape[1:]) >= side else f"images smaller than {side}x{side} have no patches"


def _has_scales(context: MetricContext) -> str | None:
    side = ms_ssim.SMALLEST
    return (
        None if min(context.shape[1:]) >= side else f"images smaller than {side}x{side} have no five scales"
    )


def _has_inside(context: MetricContext) -> str | None:
    side = sharpness.SMALLEST
    fits = min(context.shape[1:]) >= side
    return None if fits else f"images smaller than {side}x{side} have no sharpness"


_EDGES: Final[Mapping[str, Fact]] = {"widths": edges.WIDTHS, "place_step": edges.PLACE_STEP}

SAMPLE_METRICS: Final[tuple[SampleMetric, ...]] = (
    SampleMetric(
        name="swd",
        **lower("1/1000 of a deviation of pixels"),
        facts={
            "patch": swd.PATCH,
            "patches": swd.PER_IMAGE,
            "images": swd.IMAGES,
            "directions": swd.DIRECTIONS,
            "coarsest": swd.COARSEST,
        },
        suits=_has_patches,
        gather=swd.Patches,
        compare=swd.swd,
        about="sliced Wasserstein distance of patches of a Laplacian pyramid, mean over its levels",
    ),
    SampleMetric(
        name="sharpness",
        **towards_data("variance of grey values in [0, 1]"),
        facts={"laplacian": "3x3", "grey": sharpness.GREY},
        suits=_has_inside,
        alone=True,
        gather=sharpness.Sharpness,
        compare=lambda real, made: made.mean.value,
        about="variance of an image's Laplacian, then mean: up to the row of the data, noise has more",
    ),
    SampleMetric(
        name="ms_ssim",
        **towards_data("[0, 1]"),
        facts={
            "scales": ms_ssim.WEIGHTS,
            "sigma": ssim.SIGMA,
            "data_range": ms_ssim.LEVELS,
            "pairs": f"samples 1 and 2, 3 and 4 and so on, {ms_ssim.MOST_PAIRS:,} pairs at most",
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
        **PIXELS,
        facts=_EDGES,
        suits=edges.why_not,
        gather=edges.Profiles,
        compare=lambda real, made: edges.edge_width(made),
        about="deviation of the erf profile that fits the edge of a sample best, then mean",
    ),
    SampleMetric(
        name="edge_misfit",
        **lower("[0, 1]"),
        facts=_EDGES,
        suits=edges.why_not,
        gather=edges.Profiles,
        compare=lambda real, made: edges.edge_misfit(made),
        about="distance of a sample's edge from the erf profile that fits it best, then mean",
    ),
    SampleMetric(
        name="binary",
        **SHARE,
        facts={"near": edges.NEAR},
        suits=edges.why_not,
        gather=edges.Profiles,
        compare=lambda real, made: edges.binary_share(made),
        about="share of pixels that are black or white (data: .95)",
    ),
    SampleMetric(
        name="edge_places",
        **PIXELS,
        facts={"distance": "Wasserstein-1"},
        suits=edges.why_not,
        gather=edges.Profiles,
        compare=edges.place_gap,
        about="distance of the places of the edges from those of the test images",
    ),
)
"""Tables and lists keep this order."""
