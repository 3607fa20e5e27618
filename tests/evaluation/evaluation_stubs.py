"""Tiny models and data to evaluate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor, nn

from chimerae.data import Prepared, Split
from chimerae.data.manifest import Manifest
from chimerae.gaussian import Gaussian
from chimerae.methods import Clock, Losses, Method
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape, numel

IMAGE: Shape = (1, 12, 12)


class Encode(nn.Module):
    """Flattens and projects; posterior deviation 0.5."""

    def __init__(self, shape: Shape, z_dim: int) -> None:
        super().__init__()
        self.line = nn.Linear(numel(shape), z_dim)
        self.norm = nn.BatchNorm1d(z_dim)

    def forward(self, x: Tensor) -> Gaussian:
        mu = self.norm(self.line(x.flatten(1)))
        return Gaussian(mu, torch.full_like(mu, -1.4))


class Decode(nn.Module):
    """Projects and folds, into [-1, 1] when the sample is an image."""

    def __init__(self, z_dim: int, shape: Shape) -> None:
        super().__init__()
        self.line, self.shape = nn.Linear(z_dim, numel(shape)), shape

    def forward(self, z: Tensor) -> Tensor:
        x = self.line(z)
        return (x.tanh() if len(self.shape) == 3 else x).reshape(-1, *self.shape)


class _Plays(Method):
    """What both stubs have in common."""

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
        yield {}


@final
@dataclass(frozen=True, kw_only=True)
class Twin(_Plays):
    """An encoder, a decoder, and a generator that takes noise beside the code."""

    name: ClassVar[str] = "twin"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {"all": ("encoder", "decoder", "generator")}
    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder", "generator")
    z_dim: int = 4
    xi: int = 0

    @property
    def noise_dim(self) -> int:
        return self.xi

    def networks(self, shape: Shape, arch: Architecture | None) -> Mapping[str, nn.Module]:
        return {
            "encoder": Encode(shape, self.z_dim),
            "decoder": Decode(self.z_dim, shape),
            "generator": Decode(self.z_dim + self.xi, shape),
        }

    def encode(self, nets: Nets, x: Tensor) -> Gaussian:
        q: Gaussian = nets.encoder(x)
        return q

    def generate(self, nets: Nets, z: Tensor) -> Tensor:
        x: Tensor = nets.generator(self.with_noise(z))
        return x

    def decode(self, nets: Nets, z: Tensor) -> Mapping[str, Tensor]:
        return {"decoder": nets.decoder(z[:, : self.z_dim]), "generator": self.generate(nets, z)}


@final
@dataclass(frozen=True, kw_only=True)
class Sampler(_Plays):
    """A generator alone."""

    name: ClassVar[str] = "sampler"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {"all": ("generator",)}
    exported: ClassVar[tuple[str, ...]] = ("generator",)
    z_dim: int = 4

    def networks(self, shape: Shape, arch: Architecture | None) -> Mapping[str, nn.Module]:
        return {"generator": Decode(self.z_dim, shape)}

    def generate(self, nets: Nets, z: Tensor) -> Tensor:
        x: Tensor = nets.generator(z)
        return x


def built(method: Twin | Sampler, shape: Shape) -> Nets:
    """Networks with weights of their own, the same every time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Nets(method.networks(shape, None))


def images(n: int = 50, shape: Shape = IMAGE) -> Prepared:
    """Random images, 8 to train on and `n` to test on."""
    stored = np.random.default_rng(0).integers(0, 256, (n + 8, *shape), dtype=np.uint8)
    facts = Manifest(
        source="random",
        kind="images",
        shape=shape,
        counts={"train": 8, "test": n},
        hold_out=None,
        transform=None,
        checksum="",
        files={},
        unreadable=[],
    )
    return Prepared(facts, Split("train", stored[n:]), Split("test", stored[:n]))


def labelled(classes: int = 2) -> Prepared:
    """50 test images and 40 to train on; their class decides how bright they are."""
    given, labels = images(90), torch.arange(90) % classes
    brightness = (labels * (127 // classes)).numpy().astype(np.uint8)
    stored = given.test.stored // 2 + brightness[:, None, None, None]
    rows = {"train": slice(40), "test": slice(40, 90)}
    train, test = (Split(name, stored[some], labels=labels[some]) for name, some in rows.items())
    return replace(given, train=train, test=test)
