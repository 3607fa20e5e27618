"""Frozen encoders: networks that are given, whose features become codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from chimerae.errors import InputError
from chimerae.features.efficientnet import classifier, fold, seen
from chimerae.features.extractor import colours
from chimerae.features.lite0 import STAGES, lite0
from chimerae.features.principal import Principal
from chimerae.gaussian import Gaussian
from chimerae.nets import Nets
from chimerae.noise import seeded
from chimerae.shapes import Shape, ValueRange, describe, is_image

Encode = Callable[[Nets, Tensor], Gaussian]
"""`Method.encode`: networks and samples in the method's range to a posterior."""
STEM_LAYERS: Final = 3
"""Layers of EfficientNet-Lite0 before its first stage."""
HEAD_LAYERS: Final = 3
"""Layers of its last convolution, after the last stage."""
ENDS: Final = tuple(accumulate((stage[-1] for stage in STAGES), initial=STEM_LAYERS))[1:]
"""Number of layers up to the end of each stage."""


class FrozenEncoder(nn.Module):
    """Samples `[B, *shape]` in the method's range to a Gaussian over codes, by networks that never change.

    It stays in evaluation mode and has no gradients of its own; gradients flow through it to the samples.
    """

    def __init__(self, parts: Sequence[nn.Module], shape: Shape, z_dim: int) -> None:
        """`parts` map samples to features `[B, h]` each, which are joined.

        Raises:
            InputError: their features are too few or too many for a code of `z_dim` numbers.
        """
        super().__init__()
        self.parts = nn.ModuleList(parts).requires_grad_(False).to(torch.get_default_dtype())
        self.eval()
        with seeded("features"), torch.no_grad():
            probe = next((p.device for p in self.parameters()), torch.get_default_device())
            found = [part(torch.zeros(1, *shape, device=probe)) for part in self.parts]
        self.widths = [h.shape[1] for h in found]
        self.code = Principal(sum(self.widths), z_dim)

    def train(self, mode: bool = True) -> FrozenEncoder:
        """Stay in evaluation mode, whatever `mode`: BatchNorm keeps its running statistics."""
        super().train(False)
        return self

    def features(self, x: Tensor) -> Tensor:
        """Features `[B, h]` of samples, those of all parts side by side."""
        return torch.cat([part(x) for part in self.parts], 1)

    def forward(self, x: Tensor) -> Gaussian:
        """Posterior of each sample."""
        found: Gaussian = self.code(self.features(x))
        return found


class Pooled(nn.Module):
    """Images `[B, 1 or 3, H, W]` in [-1, 1] to maps of EfficientNet-Lite0, averaged over `places` x `places`
    rectangles: `[B, channels * places^2]`.
    """

    def __init__(self, layers: nn.Sequential, side: int, places: int) -> None:
        super().__init__()
        self.layers, self.side, self.places = layers, side, places

    def forward(self, x: Tensor) -> Tensor:
        """Features of each image."""
        maps = self.layers(seen(127.5 * (x + 1.0), self.side))
        places = min(self.places, maps.shape[2])
        return F.adaptive_avg_pool2d(maps, places).flatten(1)


class RunEncoder(nn.Module):
    """Samples `[B, *shape]` of one method to the posterior means `[B, z]` of another, trained one.

    Images are resized to the size that it was trained on; grey ones show their channel three times, and
    coloured ones their mean, where it was trained on the other kind.
    """

    def __init__(self, encode: Encode, values: ValueRange, networks: Nets, trained_on: Shape) -> None:
        super().__init__()
        self.networks = nn.ModuleDict(networks.modules)
        self.nets, self.encode, self.values, self.trained_on = networks, encode, values, trained_on

    def forward(self, x: Tensor) -> Tensor:
        """Posterior means."""
        if is_image(self.trained_on):
            x = self.values.from_unit(as_trained(0.5 * (x + 1.0), self.trained_on))
        found: Tensor = self.encode(self.nets, x).mu
        return found


def as_trained(images: Tensor, shape: Shape) -> Tensor:
    """`images` `[B, 1 or 3, H, W]` at the size and with the channels of `shape`."""
    channels, *size = shape
    if images.shape[1] != channels:
        images = colours(images) if channels == 3 else images.mean(1, keepdim=True)
    if list(images.shape[2:]) == size:
        return images
    return F.interpolate(images, tuple(size), mode="bilinear", antialias=True)


def efficientnet_part(stage: int, shape: Shape, *, side: int, places: int, filled: bool = True) -> nn.Module:
    """EfficientNet-Lite0 up to the end of `stage`, 1 to 7, or 0 for all its convolutions.

    Args:
        stage: the last stage; 0 ends in the mean over all places, 1,280 features.
        shape: of the images.
        side: pixels of either side that images are resized to.
        places: after a stage, averages over so many places of either side, or as many as the maps have.
        filled: with the weights of the installed package; otherwise weights are to be filled in later.

    Raises:
        InputError: samples are no images, there is no such stage, or the package is missing.
    """
    if not is_image(shape) or shape[0] not in (1, 3):
        raise InputError(
            f"the encoder 'efficientnet' needs images of 1 or 3 channels, not {describe(shape)}; "
            "set --method.encoder random, or a run folder"
        )
    if not 0 <= stage <= len(ENDS):
        raise InputError(f"EfficientNet-Lite0 has no stage {stage}; give efficientnet:1 to :{len(ENDS)}")
    network = fold(classifier() if filled else lite0().eval().requires_grad_(False))
    if not stage:
        return Pooled(network[: ENDS[-1] + HEAD_LAYERS], side, 1)
    return Pooled(network[: ENDS[stage - 1]], side, places)
