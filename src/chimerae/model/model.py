"""Trained models: encode, decode, sample, reconstruct, interpolate."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.codec import Codec
from chimerae.data import Prepare
from chimerae.data.given import PLAIN, Given, as_batch
from chimerae.errors import InputError, unknown
from chimerae.evaluation.improved import PUBLISHED, Improve, best_of, optimise_codes
from chimerae.gaussian import Gaussian
from chimerae.interpolation import WALKS, Walk
from chimerae.methods import Method, NoSamples
from chimerae.model.labels import Labels, given_labels
from chimerae.model.shared import Shared
from chimerae.nets import Nets
from chimerae.run_folder.schema import LABELS
from chimerae.shapes import Shape, describe, is_image
from chimerae.training.state import pick_autocast, pick_device

AT_ONCE: Final = 256
"""Samples that the networks see at a time."""


@dataclass(frozen=True)
class Model(Shared):
    """A trained model. It takes samples as tensors, arrays, PIL images or paths (see
    `chimerae.data.given.Given`) and gives tensors: images float32 `[B, C, H, W]` in [0, 1], points as they
    are.

    Randomness comes from `seed`: the same call gives the same answer.
    """

    method: Method
    nets: Nets
    shape: Shape
    step: int
    averaged: bool
    """True when the weights are averages over the last steps (EMA)."""
    device: torch.device
    prepare: Prepare = PLAIN
    """Transform that pictures pass before the networks see them, as in training."""
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Content of its `config.json`."""
    origin: Path | None = field(default=None, repr=False, compare=False)
    """Folder that it was loaded from: of a run, or of a model alone."""

    @property
    def decoders(self) -> tuple[str, ...]:
        """Networks that turn codes into samples; the last one is used when none is named."""
        return self.method.decoders

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the classes, for `labels=`; empty where the data had none."""
        return tuple(self.config.get(LABELS, ()))

    def to(self, device: str | torch.device) -> Model:
        """The model on `device` ("auto", "cpu", "cuda", "mps"); this one stays where it is.

        Raises:
            InputError: there is no such device.
        """
        place = pick_device(str(device))
        modules = {name: deepcopy(module).to(place) for name, module in self.nets.items()}
        return replace(self, nets=Nets(modules, pick_autocast(place, "float32")), device=place)

    def encode(self, x: Given, *, labels: Labels | None = None, seed: int = 0) -> Gaussian:
        """Posterior over codes of `x`, B samples: `mu` and `logvar` are `[B, z]` (`logvar` may be `[z]`).

        For a posterior that is no Gaussian, `mu` is one draw from it, chosen by `seed`. A model that learnt
        with labels needs those of `x`.

        Raises:
            InputError: `x` is of no accepted form, has another shape, or values outside [0, 1]; labels are
                missing or do not fit.
            NoEncoder: the method has no encoder.
        """
        batch = self._taken(x)
        y = self._labels(labels, len(batch))
        with self.nets.evaluating(), noise.seeded(seed, "encode"):
            parts = batch.split(AT_ONCE)
            of_parts = [None] * len(parts) if y is None else y.split(AT_ONCE)
            pairs = zip(parts, of_parts, strict=True)
            found = [self._codec.encode(self._checked(part), own) for part, own in pairs]
        mu, first = torch.cat([q.mu.cpu() for q in found]), found[0].logvar.cpu()
        shared = first.dim() == 1
        return Gaussian(mu, first if shared else torch.cat([q.logvar.cpu() for q in found]))

    def decode(
        self, z: Tensor, *, labels: Labels | None = None, network: str | None = None, seed: int = 0
    ) -> Tensor:
        """Samples `[n, *shape]` from codes `[n, z]`, by the network called `network` (one of `decoders`). A
        model that learnt with labels needs one for each code: in `labels`, or as weights behind the noise.

        Raises:
            InputError: `z` has another width, there is no such network, or labels are missing or do not fit.
        """
        wanted = self._decoder(network)
        self._check_codes(z)
        with self.nets.evaluating(), noise.seeded(seed, "decode"):
            codes = self._with_labels(self.method.with_noise(z.to(self.device, torch.float32)), labels)
            made = [self._codec.decode(part)[wanted].cpu() for part in codes.split(AT_ONCE)]
        return torch.cat(made)

    def sample(
        self,
        n: int,
        *,
        labels: Labels | None = None,
        network: str | None = None,
        seed: int = 0,
        batch_size: int = 256,
        improve: Improve | None = None,
    ) -> Tensor:
        """Exactly `n` samples `[n, *shape]` from the prior; with `improve`, from improved codes. A model that
        learnt with labels draws those of `labels`, or each class as often as any other.

        Raises:
            InputError: `n` or `batch_size` is below 1, or labels do not fit.
            NoEncoder: `improve` is given, and the method has no encoder.
            NoSamples: the method only reconstructs.
        """
        if not self.method.generates:
            raise NoSamples(f"{self.method.name} draws no samples: {self.method.why_no_samples}")
        if n < 1 or batch_size < 1:
            raise InputError(f"{n} samples in batches of {batch_size} cannot be drawn; ask for 1 or more")
        with noise.seeded(seed, "sample"):
            times = improve.reject if improve else 1
            z = noise.normal(n * times, self.method.z_dim + self.method.noise_dim)
            y = self._labels(labels, n)
            z = self.method.with_labels(z, None if y is None else y.repeat_interleave(times, 0))
        z = self.improve(z, improve, network=network) if improve else z
        return torch.cat([self.decode(part, network=network) for part in z.split(batch_size)])

    def improve(self, z: Tensor, how: Improve = PUBLISHED, *, network: str | None = None) -> Tensor:
        """Codes whose samples are reconstructed better than those of `z`.

        Args:
            z: codes with their noise, and labels behind it where networks take some, `[n reject, ...]`.
            how: the number of codes to choose from, and how far to move them.
            network: the network that makes the samples.

        Raises:
            InputError: `z` has another width, or there is no such network.
            NoEncoder: the method has no encoder.
        """
        method, maker = self.method, self._decoder(network)
        width = method.z_dim + method.noise_dim + method.label_dim
        if z.dim() != 2 or z.shape[1] != width or len(z) % how.reject:
            raise InputError(f"codes to improve must be [n x {how.reject}, {width}], not {list(z.shape)}")
        best = best_of(self._codec, z.to(self.device), maker, how)
        return optimise_codes(self._codec, best, maker, how).cpu()

    def reconstruct(
        self, x: Given, *, labels: Labels | None = None, network: str | None = None, seed: int = 0
    ) -> Tensor:
        """Reconstructions `[B, *shape]` of `x`, B samples: encoded and decoded again, with their `labels`.

        Raises:
            InputError: as for `encode`.
            NoEncoder: the method has no encoder.
        """
        q = self.encode(x, labels=labels, seed=seed)
        with noise.seeded(seed, "reconstruct"):
            z = self._codec.code(q)
        return self.decode(z, labels=labels, network=network, seed=seed)

    def interpolate(
        self,
        a: Given,
        b: Given,
        *,
        steps: int = 8,
        mode: Walk = "spherical",
        labels: tuple[Labels, Labels] | None = None,
        network: str | None = None,
        seed: int = 0,
    ) -> Tensor:
        """The way from `a` to `b` (each B samples) through the codes, `[B, steps, *shape]`, both ends
        included. `labels` are those of `a` and of `b`; between different ones their embeddings are mixed.

        Raises:
            InputError: shapes differ, `steps` is below 2, `mode` is unknown, or labels are missing or do not
                fit.
            NoEncoder: the method has no encoder.
        """
        start, end = self._taken(a), self._taken(b)
        if start.shape != end.shape:
            raise InputError(f"both ends must have one shape, not {list(start.shape)} and {list(end.shape)}")
        with noise.seeded(seed, "interpolate"):
            eps = noise.normal(len(start), self.method.z_dim)
        of_ends = (None, None) if labels is None else labels
        a_code, b_code = (
            self._codec.code(self.encode(x, labels=own, seed=seed), eps)
            for x, own in zip((start, end), of_ends, strict=True)
        )
        return self.walk(a_code, b_code, labels=labels, steps=steps, mode=mode, network=network, seed=seed)

    def walk(
        self,
        a: Tensor,
        b: Tensor,
        *,
        steps: int = 8,
        mode: Walk = "spherical",
        labels: tuple[Labels, Labels] | None = None,
        network: str | None = None,
        seed: int = 0,
    ) -> Tensor:
        """The way from codes `a` to codes `b` (each `[n, z]`), decoded: `[n, steps, *shape]`, both ends
        included. Every step keeps the noise beside the code of its start; `labels` are those of both ends.

        Raises:
            InputError: `steps` is below 2, `mode` is unknown, the codes differ in shape or have another
                width, or labels are missing or do not fit.
        """
        if steps < 2:
            raise InputError(f"a way of {steps} steps has no two ends; ask for 2 or more")
        if mode not in WALKS:
            raise unknown("mode", mode, WALKS)
        self._check_codes(a)
        if a.shape != b.shape:
            raise InputError(f"both ends must have one shape, not {list(a.shape)} and {list(b.shape)}")
        with noise.seeded(seed, "walk"):
            start, end = self.method.with_noise(a), b
            if labels is not None:
                start = self._with_labels(start, labels[0])
                end = self._with_labels(self.method.with_noise(b), labels[1])
            codes = self._codec.walk(start, end, steps, mode)
        made = self.decode(codes.flatten(0, 1), network=network, seed=seed)
        return made.view(len(a), steps, *self.shape)

    def prior(self, n: int, *, seed: int = 0) -> Tensor:
        """Codes `[n, z]` drawn from the prior N(0, I).

        Raises:
            InputError: `n` is below 1.
        """
        if n < 1:
            raise InputError(f"{n} codes cannot be drawn; ask for 1 or more")
        with noise.seeded(seed, "prior"):
            return noise.normal(n, self.method.z_dim)

    @property
    def _codec(self) -> Codec:
        return Codec(self.method, self.nets, self.shape)

    def _decoder(self, network: str | None) -> str:
        wanted = self.decoders[-1] if network is None else network
        if wanted not in self.decoders:
            raise unknown("decoder", wanted, self.decoders)
        return wanted

    def _labels(self, labels: Labels | None, n: int) -> Tensor | None:
        return given_labels(self.method, labels, n, self.label_names)

    def _with_labels(self, z: Tensor, labels: Labels | None) -> Tensor:
        """Codes with noise `z`, followed by `labels` where these are given."""
        y = self._labels(labels, len(z))
        return z if y is None else self.method.with_labels(z, y)

    def _check_codes(self, z: Tensor) -> None:
        whole = self.method.z_dim + self.method.noise_dim
        widths = sorted({self.method.z_dim, whole, whole + self.method.label_dim})
        if z.dim() != 2 or z.shape[1] not in widths:
            raise InputError(f"codes must be [n, {' or '.join(map(str, widths))}], not {list(z.shape)}")

    def _taken(self, given: Given) -> Tensor:
        x = as_batch(given, self.shape, self.prepare)
        if tuple(x.shape[1:]) != self.shape or len(x) == 0:
            wanted = ", ".join(map(str, self.shape))
            raise InputError(f"this model takes [B, {wanted}] ({describe(self.shape)}), not {list(x.shape)}")
        return x

    def _checked(self, x: Tensor) -> Tensor:
        """Samples in float32; images must lie in [0, 1]."""
        x = x.float() / 255.0 if x.dtype == torch.uint8 else x.float()
        if not is_image(self.shape):
            return x
        low, high = x.min().item(), x.max().item()
        if not (low >= 0.0 and high <= 1.0):
            raise InputError(f"images must lie in [0, 1], these go from {low:.3g} to {high:.3g}")
        return x
