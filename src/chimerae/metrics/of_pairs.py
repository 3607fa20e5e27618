"""Metrics of reconstructions."""

from __future__ import annotations

from typing import Final

from chimerae.metrics import agreement, perceptual, pixel, ssim
from chimerae.metrics.kinds import Fact, labelled
from chimerae.metrics.pair import PairMetric
from chimerae.shapes import Shape


def _window(shape: Shape) -> dict[str, Fact]:
    return {"window": ssim.window_size(*shape[1:]), "sigma": ssim.SIGMA, "data_range": 1.0}


PAIRS: Final[tuple[PairMetric, ...]] = (
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
        name="fvu",
        better="lower",
        unit="from 0; 1 is the mean image",
        range="[0,1]",
        on="images",
        measure=pixel.mse_unit,
        over_variance=True,
        about="fraction of variance unexplained: squared error over that of the mean original",
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
        name="label_agreement",
        better="higher",
        unit="[0, 1]",
        range="[0,255]",
        on="images",
        features=("classifier", "logits"),
        suits=labelled,
        measure=agreement.same_class,
        about="share of reconstructions that a classifier of the data's labels gives their original's class",
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
)
"""In the order in which they are listed."""
