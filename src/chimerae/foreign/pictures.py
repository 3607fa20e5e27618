"""Images alone, such as samples of any model in a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from chimerae import noise
from chimerae.data import Prepare, Prepared, Split
from chimerae.errors import InputError
from chimerae.evaluation.seeded_codec import SeededCodec
from chimerae.foreign.subject import Fitted, Foreign, Subject
from chimerae.nets import Nets
from chimerae.shapes import Shape, describe

NETWORK = "samples"
"""Name under which the images are scored."""


@final
@dataclass(frozen=True, kw_only=True)
class Pictures(Foreign):
    """Images as the samples of an unknown model; a code is the place of an image among them."""

    name: ClassVar[str] = "images"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {"nobody": (NETWORK,)}
    exported: ClassVar[tuple[str, ...]] = (NETWORK,)
    generates: ClassVar[bool] = True
    """The images count as samples."""
    z_dim: int = 1


class Places(SeededCodec):
    """A codec whose prior codes are places in a random order; the same place twice only after all others."""

    def count(self, n: int) -> int:
        """At most as many as there are images."""
        return min(n, len(self._split))

    @property
    def _split(self) -> Split:
        album = self.nets.modules[NETWORK]
        assert isinstance(album, Album)
        return album.split

    def prior(self, start: int, stop: int) -> Tensor:
        """Places `[stop - start, 1]` of the images from `start` on, in the order of the seed."""
        n = len(self._split)
        order = torch.randperm(n, generator=noise.generator("evaluation", self.seed, "album"))
        return order[torch.arange(start, stop) % n, None].float().to(self.device)


class Album(nn.Module):
    """`places [B, 1] -> images [B, C, H, W]` in [0, 1]."""

    def __init__(self, split: Split) -> None:
        super().__init__()
        self.split = split
        self.anchor = nn.Parameter(torch.empty(0), requires_grad=False)  # tells the device

    def forward(self, z: Tensor) -> Tensor:
        """The images at `z`, on its device."""
        return self.split.take(z[:, 0].long().cpu()).to(z.device)


def of_pictures(prepared: Prepared, name: str) -> Subject:
    """All images of `prepared`, of both splits, as samples."""
    split = _whole(prepared)

    def fitted(shape: Shape, device: torch.device) -> Fitted:
        if prepared.shape != shape:
            sizes = f"{describe(prepared.shape)}, and the data are {describe(shape)}"
            raise InputError(f"the images in {name} are {sizes}; prepare the data in their size")
        return Fitted(method=Pictures(), nets=Nets({NETWORK: Album(split).to(device)}), kind=Places)

    return Subject(
        name=name,
        method={"name": "images"},
        arch={"name": "none"},
        digest=prepared.facts.checksum[:16],
        fitted=fitted,
        prepare=Prepare(
            size=(prepared.shape[1], prepared.shape[2]), channels="1" if prepared.shape[0] == 1 else "3"
        ),
        n=len(split),
    )


def _whole(prepared: Prepared) -> Split:
    """All samples of a source without a test split of its own."""
    if prepared.facts.hold_out is None:
        raise InputError(f"{prepared.facts.source} has a test split; give a folder of images without splits")
    return Split(NETWORK, prepared.train.stored, watch=prepared.train.watch)
