"""Metrics that compare originals and reconstructions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, final

from torch import Tensor

from chimerae.metrics import agreement, perceptual, pixel, ssim
from chimerae.metrics.kinds import Fact, Features, Metric, MetricContext, Needs, feature_facts, labelled
from chimerae.metrics.scales import SHARE, higher, lower
from chimerae.shapes import Shape, is_image


@final
@dataclass(frozen=True, kw_only=True)
class PairMetric(Metric):
    """Compares each original with its reconstruction; the score is the mean over samples, or that mean over
    the mean image's.
    """

    needs: ClassVar[Needs] = "pairs"
    on: Literal["images", "points"] = "images"
    features: Features | None = None
    """Features that are compared; None: the samples themselves."""
    measure: Callable[[Tensor, Tensor], Tensor]
    """Maps originals and reconstructions `[B, ...]`, or their features, to one value per sample `[B]`."""
    range: str
    """Range of the compared values."""
    over_variance: bool = False
    """True: the mean is divided by that of `measure` on originals and the mean of all originals."""
    details: Callable[[Shape], Mapping[str, Fact]] = lambda shape: {}
    """Facts that depend on the shape of a sample."""

    def why_not(self, context: MetricContext) -> str | None:
        """The reason why it does not apply to `context`; None when it applies."""
        if is_image(context.shape) != (self.on == "images"):
            return f"it compares {self.on}"
        return self.suits(context)

    def protocol(self, context: MetricContext) -> Mapping[str, Fact]:
        """Facts that give its value a meaning."""
        facts: dict[str, Fact] = {**self.facts, "range": self.range, "reduction": "per sample, then mean"}
        if self.over_variance:
            facts["over"] = "that of the mean original"
        return {**facts, **feature_facts(self.features), **self.details(context.shape)}


def _window(shape: Shape) -> dict[str, Fact]:
    return {"window": ssim.window_size(*shape[1:]), "sigma": ssim.SIGMA, "data_range": 1.0}


PAIR_METRICS: Final[tuple[PairMetric, ...]] = (
    PairMetric(
        name="mse_signed",
        **lower("[0, 4]"),
        range="[-1,1]",
        measure=pixel.mse_signed,
        about="squared error per value, images in [-1, 1] (four times mse_unit)",
    ),
    PairMetric(
        name="mse_unit",
        **lower("[0, 1]"),
        range="[0,1]",
        measure=pixel.mse_unit,
        about="squared error per value, images in [0, 1]",
    ),
    PairMetric(
        name="fvu",
        **lower("from 0; 1 is the mean image"),
        range="[0,1]",
        measure=pixel.mse_unit,
        over_variance=True,
        about="fraction of variance unexplained: squared error over that of the mean original",
    ),
    PairMetric(
        name="rmse_255",
        **lower("grey levels 0 to 255"),
        range="[0,255]",
        measure=pixel.rmse_255,
        about="root of each image's squared error in grey levels, then mean",
    ),
    PairMetric(
        name="psnr",
        **higher("dB"),
        range="[0,1]",
        measure=pixel.psnr,
        about="peak signal-to-noise ratio of each image, then mean",
    ),
    PairMetric(
        name="ssim",
        **higher("[-1, 1]"),
        range="[0,1]",
        measure=ssim.ssim,
        details=_window,
        about="structural similarity, Gaussian window 11x11 of deviation 1.5",
    ),
    PairMetric(
        name="lpips",
        **lower("[0, about 1]"),
        range="[-1,1]",
        features=("lpips", "layers"),
        suits=perceptual.at_least(perceptual.SMALLEST, "AlexNet"),
        measure=perceptual.squared_distance,
        about="LPIPS 0.1 with AlexNet: distance of weighted features of images at their own size",
    ),
    PairMetric(
        name="lpips_vgg",
        **lower("[0, about 1]"),
        range="[-1,1]",
        features=("lpips-vgg", "layers"),
        suits=perceptual.at_least(perceptual.SMALLEST_VGG, "VGG16"),
        measure=perceptual.squared_distance,
        about="LPIPS 0.1 with VGG16: distance of weighted features of images at their own size",
    ),
    PairMetric(
        name="perceptual_efficientnet",
        **lower("[0, 2]"),
        range="[-1,1]",
        features=("perceptual-efficientnet", "layers"),
        suits=perceptual.at_least(perceptual.SMALLEST_LITE, "EfficientNet-Lite0"),
        measure=perceptual.squared_distance,
        about="1 - cos of EfficientNet-Lite0's channels, mean over places and four layers (not LPIPS)",
    ),
    PairMetric(
        name="label_agreement",
        **SHARE,
        range="[0,255]",
        features=("classifier", "logits"),
        suits=labelled,
        measure=agreement.same_class,
        about="share of reconstructions that a classifier of the data's labels gives their original's class",
    ),
    PairMetric(
        name="mse_points",
        **lower("squared units of the points"),
        range="as they are",
        on="points",
        measure=pixel.mse_points,
        about="squared error per coordinate of reconstructed points",
    ),
)
"""Tables and lists keep this order."""
