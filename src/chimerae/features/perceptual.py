"""LPIPS: AlexNet's layers, weighted so that squared distances agree with people's judgement.

Source: Zhang et al. 2018 (arXiv 1801.03924), equation 1. Version 0.1 of the linear heads lies beside this
file, from the package `lpips` 0.1.4 (`LICENSE-lpips`); the weights of AlexNet are torchvision's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from chimerae.features.extractor import Extractor, FeatureRequest, colours
from chimerae.features.weights import built_of, published

HEADS: Final = Path(__file__).parent / "lpips-0.1-alex.safetensors"
"""Weights of the channels of each layer, 0 or more."""
VERSION: Final = "0.1"
SHIFT: Final = (-0.030, -0.088, -0.188)
SCALE: Final = (0.458, 0.448, 0.450)
"""Mean and deviation of ImageNet's red, green and blue in [-1, 1], as the heads were trained with."""
TINY: Final = 1e-10
"""Added to lengths before a division by them."""


@final
@dataclass(frozen=True)
class Perceptual(Extractor):
    """Features `layers`, whose squared distance is LPIPS: their number depends on the size of images."""

    name: ClassVar[str] = "lpips"
    eight_bits: ClassVar[bool] = False

    trunk: nn.Sequential
    """AlexNet up to its fifth ReLU."""
    heads: Sequence[Tensor]
    """Weights `[C, 1, 1]` of the channels after each ReLU."""
    grey: bool
    """True for images of one channel, which is shown three times."""

    @property
    def facts(self) -> Mapping[str, str | int | float]:
        """Weights of AlexNet, version of the heads, and whether grey images were made three channels."""
        facts = {"weights_of_features": published("alexnet").digest, "heads": VERSION}
        return facts | ({"channels": "grey, three times"} if self.grey else {})

    @torch.no_grad()
    def features(self, images: Tensor) -> Mapping[str, Tensor]:
        """`layers` `[B, d]` of images in [0, 1], at least 31 pixels high and wide, at the size they have.

        Equation 1 is a mean over places and a sum over layers and channels of weights (none is negative)
        times squares; here the roots of the weights are part of the features.
        """
        x = 2.0 * colours(images) - 1.0
        shift, scale = (x.new_tensor(of)[:, None, None] for of in (SHIFT, SCALE))
        x, found, heads = (x - shift) / scale, [], iter(self.heads)
        for layer in self.trunk:
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                root = (next(heads) / x[0, 0].numel()).sqrt()
                length = x.square().sum(1, keepdim=True).sqrt()
                found.append((root * (x / (length + TINY))).flatten(1))
        return {"layers": torch.cat(found, 1)}


def open_perceptual(wanted: FeatureRequest) -> Perceptual:
    """The network with its published weights.

    Raises:
        InputError: the weights of AlexNet are missing or damaged.
    """
    from torchvision.models import alexnet

    trunk = built_of("alexnet", alexnet).features[:-1].to(wanted.device)  # without the last pooling
    heads = load_file(HEADS)
    weights = tuple(heads[name][:, None, None].to(wanted.device) for name in sorted(heads))
    return Perceptual(trunk, weights, wanted.data.shape[0] == 1)
