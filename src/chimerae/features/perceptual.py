"""LPIPS: layers of AlexNet or VGG16, weighted so that squared distances agree with people's judgement.

Source: Zhang et al. 2018 (arXiv 1801.03924), equation 1. Version 0.1 of the linear heads lies beside this
file, from the package `lpips` 0.1.4 (`LICENSE-lpips`); the weights of the networks are torchvision's. A
distance on EfficientNet-Lite0, whose weights are installed, has no heads: all channels weigh the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Final, final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from chimerae.errors import InputError, unknown
from chimerae.features.efficientnet import DIGEST, STAGES_SEEN, stages_of
from chimerae.features.extractor import ColourExtractor, FeatureRequest
from chimerae.features.layers import Layers
from chimerae.features.weights import built_of, published
from chimerae.metrics.perceptual import SMALLEST, SMALLEST_LITE, SMALLEST_VGG
from chimerae.shapes import Shape, describe, is_image

HEADS: Final = Path(__file__).parent / "lpips-0.1-alex.safetensors"
"""Weights of the channels of each layer of AlexNet, 0 or more."""
VGG_HEADS: Final = Path(__file__).parent / "lpips-0.1-vgg.safetensors"
"""The same of VGG16."""
VERSION: Final = "0.1"
SHIFT: Final = (-0.030, -0.088, -0.188)
SCALE: Final = (0.458, 0.448, 0.450)
"""Mean and deviation of ImageNet's red, green and blue in [-1, 1], as the heads were trained with."""
ALEXNET_LAYERS: Final = (2, 5, 8, 10, 12)
VGG_LAYERS: Final = (4, 9, 16, 23, 30)
"""Places after the ReLUs whose output is compared, in torchvision's networks."""


def _lpips(name: str, layers: tuple[int, ...], heads: Path) -> Layers:
    from torchvision import models

    features = built_of(name, getattr(models, name)).features
    stages = [features[a:b] for a, b in pairwise((0, *layers))]
    weights = load_file(heads)
    return Layers(stages, [weights[key] for key in sorted(weights)], SHIFT, SCALE)


def alexnet_layers() -> Layers:
    """LPIPS with AlexNet.

    Raises:
        InputError: its weights are missing or damaged.
    """
    return _lpips("alexnet", ALEXNET_LAYERS, HEADS)


def vgg16_layers() -> Layers:
    """LPIPS with VGG16, which the published code of latent diffusion minimises.

    Raises:
        InputError: its weights are missing or damaged.
    """
    return _lpips("vgg16", VGG_LAYERS, VGG_HEADS)


def efficientnet_layers() -> Layers:
    """Features of EfficientNet-Lite0 without learned weights: the squared distance is 1 - cos of channels,
    averaged over places and layers.

    Raises:
        InputError: its package is not installed, or the weights are damaged.
    """
    stages = stages_of()
    heads = [torch.full((channels,), 0.5 / len(STAGES_SEEN)) for channels in STAGES_SEEN.values()]
    grey = [127.0 / 127.5 - 1.0] * 3  # levels are (x + 1) 127.5; the network sees (levels - 127) / 128
    return Layers(stages, heads, grey, [128.0 / 127.5] * 3)


PERCEPTUAL: Final[Mapping[str, Callable[[], Layers]]] = {
    "efficientnet": efficientnet_layers,
    "lpips": alexnet_layers,
    "lpips-vgg": vgg16_layers,
}
"""Kind of a perceptual network -> the function that opens it."""
SIDES: Final[Mapping[str, int]] = {
    "efficientnet": SMALLEST_LITE,
    "lpips": SMALLEST,
    "lpips-vgg": SMALLEST_VGG,
}
"""Smallest side, in pixels, of which its last layer leaves anything."""


def perceptual_network(kind: str, shape: Shape) -> nn.Module:
    """The frozen network called `kind`, for a loss on samples of `shape`.

    Raises:
        InputError: `kind` is unknown, its weights are missing, or samples are no images, too small, or of
            another number of channels than 1 or 3.
    """
    if kind not in PERCEPTUAL:
        raise unknown("perceptual network", kind, PERCEPTUAL)
    remedy = "set --method.perceptual-weight 0"
    if not is_image(shape):
        raise InputError(f"{describe(shape)} have no perceptual error; {remedy}")
    if shape[0] not in (1, 3) or min(shape[1:]) < SIDES[kind]:
        need = f"1 or 3 channels and sides of {SIDES[kind]} or more"
        raise InputError(f"the perceptual error '{kind}' needs {need}, not {describe(shape)}; {remedy}")
    return PERCEPTUAL[kind]()


@final
@dataclass(frozen=True)
class Perceptual(ColourExtractor):
    """Features `layers`, whose squared distance is the perceptual one: their number depends on the size of
    images.
    """

    name: ClassVar[str] = "lpips"
    eight_bits: ClassVar[bool] = False

    network: Layers
    weights: str
    """Digest of the network's weights."""
    heads: str = VERSION
    """Version of the heads."""

    @property
    def network_facts(self) -> Mapping[str, str | int | float]:
        """Weights of the network, and version of the heads."""
        return {"weights_of_features": self.weights, "heads": self.heads}

    @torch.no_grad()
    def features(self, images: Tensor) -> Mapping[str, Tensor]:
        """`layers` `[B, d]` of images in [0, 1], at the size they have."""
        return {"layers": self.network(2.0 * images - 1.0)}


def open_perceptual(wanted: FeatureRequest) -> Perceptual:
    """LPIPS with AlexNet and its published weights.

    Raises:
        InputError: the weights of AlexNet are missing or damaged.
    """
    return _opened(wanted, alexnet_layers(), published("alexnet").digest, VERSION)


def open_perceptual_vgg(wanted: FeatureRequest) -> Perceptual:
    """LPIPS with VGG16 and its published weights.

    Raises:
        InputError: the weights of VGG16 are missing or damaged.
    """
    return _opened(wanted, vgg16_layers(), published("vgg16").digest, VERSION)


def open_perceptual_efficientnet(wanted: FeatureRequest) -> Perceptual:
    """The distance on EfficientNet-Lite0.

    Raises:
        InputError: its package is not installed, or the weights are damaged.
    """
    return _opened(wanted, efficientnet_layers(), DIGEST, "none: equal weights")


def _opened(wanted: FeatureRequest, network: Layers, weights: str, heads: str) -> Perceptual:
    return Perceptual(network.to(wanted.device), weights, heads, grey=wanted.grey)
