"""The Inception network of 2015-12-05 whose features FID, KID and the inception score are defined on."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, final

import torch
from torch import Tensor, nn

from chimerae import noise
from chimerae.extras import require
from chimerae.features.extractor import ColourExtractor, FeatureRequest, colours, in_pieces
from chimerae.features.resize import RESIZES
from chimerae.features.weights import not_of_this_network, published, read_weights

PIECE: Final = 32
"""Images that the network sees at a time: at 299 pixels they take 0.5 GB."""


@final
@dataclass(frozen=True)
class Inception(ColourExtractor):
    """Features `pool` (2048) and `logits` (1008, without the bias), as torch-fidelity computes them."""

    name: ClassVar[str] = "inception"

    trunk: nn.Sequential
    """Everything before the last layer, from `[B, 3, 299, 299]` to `[B, 2048, 1, 1]`."""
    last: Tensor
    """Weights of the last layer, `[1008, 2048]`."""
    resize: str
    """Key of `RESIZES`."""

    @property
    def network_facts(self) -> Mapping[str, str | int | float]:
        """Weights, and method of resizing."""
        return {"weights_of_features": published(self.name).digest, "resize": self.resize}

    @torch.no_grad()
    def features(self, images: Tensor) -> Mapping[str, Tensor]:
        """`pool` `[B, 2048]` and `logits` `[B, 1008]`, float32."""
        pool = in_pieces(self._pool, images, PIECE)
        return {"pool": pool, "logits": pool.mm(self.last.T)}

    def _pool(self, images: Tensor) -> Tensor:
        pooled: Tensor = self.trunk(RESIZES[self.resize](colours(images)))
        return pooled.flatten(1)


def open_inception(wanted: FeatureRequest) -> Inception:
    """The network with its published weights.

    Raises:
        InputError: the weights are missing or damaged, or torch-fidelity is not installed.
    """
    network = _built(read_weights(Inception.name)).to(wanted.device)
    *trunk, last = network.children()  # in the order in which they are applied
    return Inception(nn.Sequential(*trunk), last.weight, wanted.resize, grey=wanted.grey)


def _built(weights: Mapping[str, Tensor]) -> Any:
    """torch-fidelity's network. It reads its weights from a pickle file, which is given to it in memory.

    Raises:
        InputError: torch-fidelity is missing, or the weights are not those of this network.
    """
    require("fidelity")
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    file = io.BytesIO()
    torch.save(dict(weights), file)
    file.seek(0)
    with noise.seeded("weights that are overwritten"):
        try:
            return FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=file)
        except RuntimeError:
            raise not_of_this_network(Inception.name) from None
