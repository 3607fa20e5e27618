"""The interface of feature networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from chimerae.data import Prepared
from chimerae.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class FeatureRequest:
    """A request for a feature network: the data, and the form in which images are seen."""

    data: Prepared
    labels: str | None = None
    """Source whose labels a classifier is trained on; None: the data's own."""
    resize: str = "tensorflow"
    """Method of resizing for a network that needs images of one size: a key of `RESIZES`."""
    most: int | None = None
    """Images of either kind that a slow network with a choice sees, at most; None: all."""
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    progress: Progress = silent

    @property
    def grey(self) -> bool:
        """True for images of one channel."""
        return self.data.shape[0] == 1


class Extractor(ABC):
    """A network that turns images into features."""

    name: ClassVar[str]
    """Its name in metrics."""
    eight_bits: ClassVar[bool] = True
    """False: it sees images in [0, 1] as they are, not rounded to 8 bits as files would be."""

    most: int | None = None
    """Images of either kind that it sees at most, because it is slow; None: all."""
    suffix: str = ""
    """Ending of the names of its metrics, where they would be ambiguous without it."""

    @property
    @abstractmethod
    def facts(self) -> Mapping[str, str | int | float]:
        """Facts on which its features depend."""

    @abstractmethod
    def features(self, images: Tensor) -> Mapping[str, Tensor]:
        """Features `[B, d]` of every layer by its name, from images `[B, C, H, W]`: uint8, or in [0, 1]
        where `eight_bits` is false.
        """


@dataclass(frozen=True)
class ColourExtractor(Extractor):
    """A network of colour images, which also sees images of one channel."""

    _: KW_ONLY
    grey: bool
    """True for images of one channel, which is shown three times."""

    @property
    @abstractmethod
    def network_facts(self) -> Mapping[str, str | int | float]:
        """Facts about the network and the form in which it sees images, whatever their channels."""

    @property
    def facts(self) -> Mapping[str, str | int | float]:
        """`network_facts`, and whether grey images were made three channels."""
        return {**self.network_facts, **({"channels": "grey, three times"} if self.grey else {})}


def colours(images: Tensor) -> Tensor:
    """Images `[B, 1 or 3, H, W]` with three channels: grey ones show theirs three times."""
    return images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images


def in_pieces(function: Callable[[Tensor], Tensor], images: Tensor, size: int) -> Tensor:
    """`function` of images `[B, ...]`, at most `size` of them at a time: large networks take much memory."""
    return torch.cat([function(piece) for piece in images.split(size)])
