"""A model that is judged, whoever made it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from chimerae.data import Prepare
from chimerae.errors import InputError
from chimerae.evaluation.seeded_codec import SeededCodec
from chimerae.methods import Clock, Losses, Method
from chimerae.nets import Architecture, Nets
from chimerae.shapes import UNIT, Shape, ValueRange

CodeKind = Literal["mean", "sample"]
"""Code of a reconstruction: the mean of the posterior, or a draw from it."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A subject for samples of one shape, ready for `chimerae.evaluation.evaluate`."""

    method: Method
    nets: Nets
    kind: type[SeededCodec] = SeededCodec


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model, and facts about it for the record."""

    name: str
    """Word that names its folder of results."""
    method: Mapping[str, Any]
    """Its kind, under `name`, and settings."""
    arch: Mapping[str, Any]
    """Its networks, under `name`, and their settings."""
    digest: str
    """Digest of all that its outputs depend on; '' where that is unknown, as for a function."""
    fitted: Callable[[Shape, torch.device], Fitted]
    """Gives it for samples of a shape, on a device; an `InputError` where it does not take them."""
    prepare: Prepare | None = None
    """Transform of its own data; None where none is known."""
    parameters: Mapping[str, int] = field(default_factory=dict)
    """Numbers of parameters by network."""
    n: int | None = None
    """Samples that there are, where it cannot draw more."""


class Foreign(Method):
    """A model that was trained elsewhere: it is judged, and never trained."""

    players: ClassVar[Mapping[str, tuple[str, ...]]] = {"autoencoder": ("encoder", "decoder")}
    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder")
    value_range: ClassVar[ValueRange] = UNIT
    generates: ClassVar[bool] = False
    """True for a model that samples can be drawn from: most have no prior over their codes."""
    has_codes: ClassVar[bool] = False

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Not available: the networks are given."""
        raise InputError(f"a model of kind {self.name} was built elsewhere")

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Losses:
        """Not available: it is never trained."""
        raise InputError(f"a model of kind {self.name} is judged, not trained")


def digest_of(tensors: Iterable[tuple[str, Tensor]], *words: str) -> str:
    """Digest of named tensors and of `words`, 16 hexadecimal digits."""
    found = hashlib.sha256(repr(words).encode())
    for name, tensor in tensors:
        found.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        found.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()[:16]
