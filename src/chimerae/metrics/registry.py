"""Every metric."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from chimerae.errors import InputError
from chimerae.metrics import density, perceptual, pixel, ssim, structure
from chimerae.metrics.encoded import LatentMetric
from chimerae.metrics.kinds import (
    Cloud,
    CloudMetric,
    Density,
    Fact,
    PairMetric,
    SampleMetric,
)
from chimerae.metrics.near import NearestMetric
from chimerae.metrics.of_codes import CODES
from chimerae.metrics.of_features import FEATURES
from chimerae.metrics.of_nearest import NEAREST
from chimerae.metrics.of_samples import SAMPLES
from chimerae.shapes import Shape


def _histogram(units: str) -> dict[str, Fact]:
    return {"units": units, "points": density.POINTS, "bins": density.BINS}


def _first(cloud: Cloud) -> tuple[Tensor, Tensor]:
    return cloud.real[: density.POINTS], cloud.points[: density.POINTS]


def _window(shape: Shape) -> dict[str, Fact]:
    return {"window": ssim.window_size(*shape[1:]), "sigma": ssim.SIGMA, "data_range": 1.0}


def _has_modes(toy: Density) -> bool:
    return len(toy.centres()) > 0 and toy.sigma is not None


def _is_sine(toy: Density) -> bool:
    return toy.name == "avae-sine"


def _modes_covered(cloud: Cloud) -> float:
    return structure.modes_covered(cloud.points, cloud.toy.centres(), cloud.toy.sigma or 0.0)


def _in_modes(cloud: Cloud) -> float:
    return structure.in_modes(cloud.points, cloud.toy.centres(), cloud.toy.sigma or 0.0)


def _code_rank(cloud: Cloud) -> float:
    return abs(structure.rank_correlation(cloud.codes[:, 0], cloud.points[:, 0]))


def _cycle_cost(cloud: Cloud) -> float:
    cost = (cloud.points - cloud.again).double().square().sum(1).mean()
    if not cost.isfinite():
        raise InputError("points are not finite once they are encoded and decoded")
    return float(cost)


METRICS: Final[tuple[PairMetric | SampleMetric | NearestMetric | LatentMetric | CloudMetric, ...]] = (
    PairMetric(
        name="mse_signed",
        better="lower",
        unit="[0, 4]",
        range="[-1,1]",
        on="images",
        measure=pixel.mse_signed,
        about="squared error per value, images in [-1, 1] (four times mse_unit)",
    ),
    PairMetric(
        name="mse_unit",
        better="lower",
        unit="[0, 1]",
        range="[0,1]",
        on="images",
        measure=pixel.mse_unit,
        about="squared error per value, images in [0, 1]",
    ),
    PairMetric(
        name="rmse_255",
        better="lower",
        unit="grey levels 0 to 255",
        range="[0,255]",
        on="images",
        measure=pixel.rmse_255,
        about="root of each image's squared error in grey levels, then mean",
    ),
    PairMetric(
        name="psnr",
        better="higher",
        unit="dB",
        range="[0,1]",
        on="images",
        measure=pixel.psnr,
        about="peak signal-to-noise ratio of each image, then mean",
    ),
    PairMetric(
        name="ssim",
        better="higher",
        unit="[-1, 1]",
        range="[0,1]",
        on="images",
        measure=ssim.ssim,
        details=_window,
        about="structural similarity, Gaussian window 11x11 of deviation 1.5",
    ),
    PairMetric(
        name="lpips",
        better="lower",
        unit="[0, about 1]",
        range="[-1,1]",
        on="images",
        features=("lpips", "layers"),
        suits=perceptual.large_enough,
        measure=perceptual.squared_distance,
        about="LPIPS 0.1 with AlexNet: distance of weighted features of images at their own size",
    ),
    PairMetric(
        name="mse_points",
        better="lower",
        unit="squared units of the points",
        range="as they are",
        on="points",
        measure=pixel.mse_points,
        about="squared error per coordinate of reconstructed points",
    ),
    *SAMPLES,
    *FEATURES,
    *NEAREST,
    CloudMetric(
        name="kl_published",
        better="lower",
        unit="1/100 of a sum over cells",
        facts=_histogram("published") | {"floor": density.FLOOR},
        measure=lambda c: density.kl_published(c.real, c.points, c.toy.limits),
        about="KL(real || model) of 100x100 histograms in the units of the toy tables",
    ),
    CloudMetric(
        name="jsd_published",
        better="lower",
        unit="1/100 of a sum over cells",
        facts=_histogram("published") | {"floor": density.FLOOR},
        measure=lambda c: density.jsd_published(c.real, c.points, c.toy.limits),
        about="Jensen-Shannon divergence in the units of the toy tables (arguments reversed, not bounded)",
    ),
    CloudMetric(
        name="kl_nats",
        better="lower",
        unit="nats",
        facts=_histogram("nats") | {"floor": density.FLOOR},
        measure=lambda c: density.kl_nats(*_first(c), c.toy.limits),
        about="KL(real || model) of 100x100 histograms in nats",
    ),
    CloudMetric(
        name="jsd_nats",
        better="lower",
        unit="nats, [0, 0.693]",
        facts=_histogram("nats"),
        measure=lambda c: density.jsd_nats(*_first(c), c.toy.limits),
        about="Jensen-Shannon divergence of 100x100 histograms in nats",
    ),
    CloudMetric(
        name="modes_covered",
        better="higher",
        unit="modes",
        facts={"within": structure.WITHIN},
        suits=_has_modes,
        which="toys with modes",
        measure=_modes_covered,
        about="modes with at least one point within 4 sigma of the centre",
    ),
    CloudMetric(
        name="in_modes",
        better="higher",
        unit="[0, 1]",
        facts={"within": structure.WITHIN},
        suits=_has_modes,
        which="toys with modes",
        measure=_in_modes,
        about="share of points within 4 sigma of some centre",
    ),
    CloudMetric(
        name="near_data",
        better="higher",
        unit="[0, 1]",
        facts={"points": density.POINTS, "share": structure.SHARE},
        measure=lambda c: structure.near_data(c.points[: density.POINTS], c.real[: density.POINTS]),
        about="share of points no farther from the data than 99 percent of the data are from one another",
    ),
    CloudMetric(
        name="on_branches",
        better="higher",
        unit="[0, 1]",
        facts={"gap": structure.GAP},
        suits=_is_sine,
        which="avae-sine",
        measure=lambda c: structure.on_branches(c.points),
        about="share of points with |x2 - cos(x1)| > 0.5 (data: .85)",
    ),
    CloudMetric(
        name="both_branches",
        better="higher",
        unit="[0, 1]",
        needs="noise",
        facts={"value": "x2 - cos(x1)"},
        suits=_is_sine,
        which="avae-sine",
        measure=lambda c: structure.both_branches(c.redrawn),
        about="share of fixed codes that reach both branches as the noise is drawn again",
    ),
    CloudMetric(
        name="cycle_cost",
        better="lower",
        unit="squared units of the points",
        needs="again",
        facts={"cost": "sum of squares"},
        measure=_cycle_cost,
        about="squared distance of a drawn point and what becomes of it when it is encoded and decoded",
    ),
    CloudMetric(
        name="code_rank",
        better="higher",
        unit="[0, 1]",
        needs="codes",
        facts={"value": "|Spearman(z, x1)|"},
        measure=_code_rank,
        about="rank correlation of a one-dimensional code and the first coordinate",
    ),
    *CODES,
)
"""Every metric."""
