"""A run as the page sees it: its model, directions, and images of its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.data import Prepared
from chimerae.errors import InputError
from chimerae.evaluation.directions import Directions, directions_of
from chimerae.evaluation.nearest import TRAIN, neighbours
from chimerae.evaluation.seeded_codec import SeededCodec
from chimerae.explore.spec import Spec
from chimerae.labels import weights
from chimerae.model import Model, load
from chimerae.progress import Progress, silent
from chimerae.runs.own_data import own_data
from chimerae.shapes import describe, is_image, numel

SEED: Final = 0
"""Seed of the noise of codes of images, as in `chimerae reconstruct`."""
AT_ONCE: Final = 2**23
"""Values of the images that the networks see at a time."""
SEARCHED: Final = 2**28
"""Values of the training images among which the nearest are searched."""
NEIGHBOURS: Final = 4
KEPT: Final = 64
"""Codes that are remembered."""
LARGE: Final = 2**18
"""Values of an image from which on many of them take long."""


@dataclass(frozen=True, eq=False)
class Subject:
    """One run of the page."""

    label: str
    model: Model
    codec: SeededCodec
    directions: Directions
    data: Prepared | None
    """None: its data are not to be had."""
    lack: str
    """The reason for that, in one line."""
    _codes: dict[tuple[str, str, int | None], Tensor] = field(default_factory=dict, repr=False)

    @property
    def networks(self) -> tuple[str, ...]:
        """Networks that make pictures; the one that generates comes last."""
        return self.model.decoders

    @property
    def searched(self) -> int:
        """Training images among which the nearest are searched."""
        most = min(TRAIN, max(1, SEARCHED // numel(self.model.shape)))
        return 0 if self.data is None else min(most, len(self.data.train))

    @property
    def is_large(self) -> bool:
        """True when many images take long."""
        return numel(self.model.shape) > LARGE

    def code(self, spec: Spec, mine: Tensor | None = None) -> Tensor:
        """The code of `spec` with its noise and label, `[1, z_dim + noise_dim + label_dim]`.

        Args:
            spec: its description.
            mine: the uploaded picture, `[1, *shape]`, where the description names one.

        Raises:
            InputError: the model cannot draw or encode, or there is no such held-out image.
        """
        key = (spec.origin, spec.which, spec.label)
        if key not in self._codes:
            made = (
                self._sampled(spec) if spec.origin == "draw" else self._encoded(spec, self.image(spec, mine))
            )
            while len(self._codes) >= KEPT:
                self._codes.pop(next(iter(self._codes)))
            self._codes[key] = made
        return self.directions.moved(self._codes[key], spec.moves)

    def image(self, spec: Spec, mine: Tensor | None = None) -> Tensor:
        """The image that `spec` encodes, `[1, *shape]`, as this run sees it."""
        if spec.origin == "mine":
            if mine is None:
                raise InputError("this picture is no longer here: drop it again")
            return mine
        if self.data is None:
            raise InputError(f"no held-out image can be shown: {self.lack}")
        if spec.number >= len(self.data.test):
            raise InputError(f"there are {len(self.data.test):,} held-out images, numbered from 0")
        return self.data.test.take([spec.number])

    def pictures(self, z: Tensor) -> dict[str, Tensor]:
        """Pictures of codes `z` `[n, ...]` by each network, `[n, C, H, W]` in [0, 1]."""
        with self.model.nets.evaluating():
            made = self.codec.decode_all(z.to(self.codec.device))
        return {name: x.cpu() for name, x in made.items()}

    def nearest(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The training images nearest to `images` `[n, C, H, W]`: distances `[n, k]` in grey levels, and the
        images `[n, k, C, H, W]`.
        """
        if self.data is None:
            raise InputError(self.lack)
        train = self.data.train
        distances, which = neighbours(images.nan_to_num(), train, self.codec.device, self.searched)
        k = min(NEIGHBOURS, which.shape[1])
        found = train.take(which[:, :k].flatten())
        return distances[:, :k], found.view(len(images), k, *found.shape[1:])

    def _sampled(self, spec: Spec) -> Tensor:
        """The first code of `chimerae sample --seed`."""
        method = self.model.method
        if not method.generates:
            raise InputError(f"{method.name} draws no samples: choose a held-out image or a picture of yours")
        with noise.seeded(spec.number, "sample"):
            z = noise.normal(1, method.z_dim + method.noise_dim)
            return method.with_labels(z, self._weights(spec.label))

    def _weights(self, label: int | None) -> Tensor | None:
        """Weights of one class; None where there is none, or the model takes none."""
        return None if label is None else weights(torch.tensor([label]), self.model.method.label_dim)

    def _label(self, spec: Spec) -> int | None:
        """Label with which the image of `spec` is encoded: its own, else the chosen one; None where the model
        takes none.
        """
        if not self.model.method.label_dim:
            return None
        held = None if self.data is None or spec.origin == "mine" else self.data.test
        own = None if held is None else held.labels_of([spec.number])
        if own is not None:
            return int(own[0])
        if spec.label is None:
            raise InputError("the class of this picture is unknown: choose one")
        return spec.label

    def _encoded(self, spec: Spec, x: Tensor) -> Tensor:
        """The code from which `chimerae reconstruct` makes `x` `[1, *shape]`, with the chosen class."""
        method, own = self.model.method, self._label(spec)
        q = self.model.encode(x, labels=None if own is None else torch.tensor([own]), seed=SEED)
        with noise.seeded(SEED, "reconstruct"):
            z = self.codec.code(q)
        with noise.seeded(SEED, "decode"):
            y = self._weights(own if spec.label is None else spec.label)
            return method.with_labels(method.with_noise(z), y).float().cpu()


def opened(path: Path, label: str, device: str, progress: Progress = silent) -> Subject:
    """The run or model at `path`, under the name `label`.

    Raises:
        InputError: there is none, or it makes points.
    """
    model = load(path, device=device)
    if not is_image(model.shape):
        made = describe(model.shape)
        raise InputError(f"{path} makes {made}, and explore shows pictures; its report has plots of points")
    batch = min(256, max(1, AT_ONCE // numel(model.shape)))
    codec = SeededCodec(model.method, model.nets, model.shape, seed=SEED, batch_size=batch)
    data, lack = own_data(model, progress)
    if data is None and not model.method.generates:
        raise InputError(f"{path} draws no samples, so explore needs its data: {lack}")
    with model.nets.evaluating():
        directions = directions_of(codec, None if data is None else data.train)
    return Subject(label, model, codec, directions, data, lack)


def labels_of(paths: Sequence[Path]) -> list[str]:
    """Short names of runs: those of their folders, whole paths where these agree."""
    short = [path.resolve().name or str(path) for path in paths]
    return short if len(set(short)) == len(short) else [str(path) for path in paths]
