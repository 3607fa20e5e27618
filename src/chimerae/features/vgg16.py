"""VGG16, trained on ImageNet: the features of precision, recall, density and coverage.

Source: Kynkaanniemi et al. 2019 (arXiv 1904.06991), section 3, take the second fully connected layer. The
resizing and the ReLU are those of torch-fidelity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, final

import torch
from torch import Tensor, nn

from chimerae.extras import require
from chimerae.features.extractor import ColourExtractor, FeatureRequest, colours, in_pieces
from chimerae.features.resize import like_tensorflow
from chimerae.features.weights import built_of, published

SIDE: Final = 224
"""Pixels of either side that the network was trained on."""
PIECE: Final = 16
"""Images that the network sees at a time: they take 0.5 GB."""
MEAN: Final = (0.485, 0.456, 0.406)
DEVIATION: Final = (0.229, 0.224, 0.225)
"""Mean and deviation of ImageNet's red, green and blue in [0, 1]."""


@final
@dataclass(frozen=True)
class VGG16(ColourExtractor):
    """Features `fc2` (4096): the second fully connected layer, after its ReLU."""

    name: ClassVar[str] = "vgg16"

    network: nn.Module
    """Everything up to that layer, from `[B, 3, 224, 224]`."""

    @property
    def network_facts(self) -> Mapping[str, str | int | float]:
        """Weights, and method of resizing."""
        return {"weights_of_features": published(self.name).digest, "resize": "tensorflow"}

    @torch.no_grad()
    def features(self, images: Tensor) -> Mapping[str, Tensor]:
        """`fc2` `[B, 4096]`, float32."""
        return {"fc2": in_pieces(self._fc2, images, PIECE)}

    def _fc2(self, images: Tensor) -> Tensor:
        x = like_tensorflow(colours(images).float(), SIDE)
        mean, deviation = (x.new_tensor([255.0 * v for v in of])[:, None, None] for of in (MEAN, DEVIATION))
        fc2: Tensor = self.network((x - mean) / deviation)
        return fc2


def open_vgg16(wanted: FeatureRequest) -> VGG16:
    """The network with its published weights.

    Raises:
        InputError: the weights are missing or damaged, or torch-fidelity, which resizes, is not installed.
    """
    from torchvision.models import vgg16

    network = built_of("vgg16", vgg16)
    require("fidelity")
    network.classifier = network.classifier[:5]
    return VGG16(network.to(wanted.device), grey=wanted.grey)
