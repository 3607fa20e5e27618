"""LPIPS: AlexNet's layers, weighted so that squared distances are what people find different.

Source: Zhang et al. 2018 (arXiv 1801.03924), equation 1. The package `lpips` brings version 0.1 of the linear
heads; the weights of AlexNet are torchvision's.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.errors import InputError
from chimerae.features.extractor import Extractor, FeatureRequest, colours
from chimerae.features.weights import built_of, published


@final
@dataclass(frozen=True)
class Perceptual(Extractor):
    """Features `layers`, whose squared distance is LPIPS: their number depends on the size of images."""

    name: ClassVar[str] = "lpips"
    eight_bits: ClassVar[bool] = False

    network: Any
    """The package's, with its scaling, AlexNet up to its fifth ReLU, and the heads."""
    grey: bool
    """True for images of one channel, which is shown three times."""

    @property
    def facts(self) -> Mapping[str, str | int | float]:
        """Which weights of AlexNet and of the heads, and whether grey images were made three channels."""
        facts = {"weights_of_features": published("alexnet").digest, "heads": self.network.version}
        return facts | ({"channels": "grey, three times"} if self.grey else {})

    @torch.no_grad()
    def features(self, images: Tensor) -> Mapping[str, Tensor]:
        """`layers` `[B, d]` of images in [0, 1], at least 31 pixels high and wide, at the size they have.

        Equation 1 is a mean over places and a sum over layers and channels of weights (none is negative)
        times squares; here their roots are part of the features.
        """
        from lpips import normalize_tensor

        found = []
        seen = self.network.net(self.network.scaling_layer(2.0 * colours(images) - 1.0))
        for layer, head in zip(seen, self.network.lins, strict=True):
            root = (head.model[-1].weight / layer[0, 0].numel()).sqrt()
            found.append((root * normalize_tensor(layer)).flatten(1))
        return {"layers": torch.cat(found, 1)}


def open_perceptual(wanted: FeatureRequest) -> Perceptual:
    """The network with its published weights.

    Raises:
        InputError: the weights are missing or damaged, or the package lpips is not installed.
    """
    from torchvision.models import alexnet

    try:
        from lpips import LPIPS
    except ImportError as error:
        raise InputError(f"LPIPS needs the package lpips ({error}): pip install lpips") from None
    weights = built_of("alexnet", alexnet).features.state_dict()
    with noise.seeded("weights that are overwritten"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks torchvision in an outdated way
        network = LPIPS(net="alex", version="0.1", pnet_rand=True, verbose=False)
    for part in network.net.children():  # layers keep their numbers
        part.load_state_dict({name: weights[name] for name in part.state_dict()})
    network.eval().requires_grad_(False)
    return Perceptual(network.to(wanted.device), wanted.data.shape[0] == 1)
