"""Interface of a method: its players and the turns of one batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from chimerae import noise
from chimerae.errors import InputError
from chimerae.gaussian import Gaussian
from chimerae.heads import Output
from chimerae.labels import one_hot
from chimerae.methods.given import Given
from chimerae.nets import Architecture, Nets
from chimerae.shapes import SIGNED, Shape, ValueRange

Losses = Mapping[str, Tensor]
"""Player -> the scalar it minimises in this turn."""
Played = Losses | Iterator[Losses]
"""The losses of a batch: those of its only turn, or of several turns, one after the other."""


class NoEncoder(InputError):
    """Raised when `encode` is called on a method without an encoder."""


class NoSamples(InputError):
    """Raised when samples are drawn from a method that only reconstructs."""


@dataclass(frozen=True)
class Clock:
    """Position of a batch in the run, and the values to log."""

    step: int
    total: int
    logged: dict[str, list[Tensor]] | None = None
    """Means noted by `log` on the steps that are logged, one per part of the batch; None on all other steps,
    where `log` costs nothing.
    """

    share: float | None = None
    """Share of the run that is done, >= 0, if the total has changed; None: `step / total`."""

    @property
    def progress(self) -> float:
        """Share of the run that is done, in [0, 1]."""
        return min(self.step / self.total if self.share is None else self.share, 1.0)

    def ramp(self, share: float) -> float:
        """A weight that rises evenly from 0 to 1 over the first `share` of the run; 1 when that is 0."""
        return min(self.progress / share, 1.0) if share else 1.0

    def log(self, **values: Tensor) -> None:
        """Note the mean of each tensor under its name, for the log and the health rules."""
        if self.logged is None:
            return
        for name, value in values.items():
            self.logged.setdefault(name, []).append(value.detach().mean())


@dataclass(frozen=True)
class Target:
    """The network that a target network copies, and the steps between copies."""

    network: str
    every: int = 1
    """Steps from one copy to the next; the target network is constant between them."""


class Method(ABC):
    """A rule for training networks. Concrete methods are final, frozen, keyword-only dataclasses.

    Fields are the hyper-parameters, in the paper's symbols. A method holds no networks, optimisers, files or
    devices.
    """

    name: ClassVar[str]
    """Name on the command line."""
    exported: ClassVar[tuple[str, ...]]
    """Networks that a trained model needs: they are averaged (EMA) while it learns and saved in `model/`."""
    value_range: ClassVar[ValueRange] = SIGNED
    """Range of pixel values in `play`, `generate` and `encode`. Points are taken as they are."""
    sample_critic: ClassVar[str] = ""
    """Network that tells data from samples by the sample alone; "" where there is none."""
    why_no_samples: ClassVar[str] = "it encodes, reconstructs and interpolates"
    """Reason that people are given where `generates` is False."""
    has_codes: ClassVar[bool] = True
    """False where codes only stand for samples, as those of a model that hides its own: nothing is measured
    or drawn of them.
    """

    init_networks: ClassVar[tuple[str, ...]] = ()
    """Networks that a run can initialise from another model (`--from`); none: it begins with its own."""

    z_dim: int

    def initialised(self, z_dim: int | None = None, output: Output | None = None) -> Method:
        """The method for a run whose `init_networks` come from a model whose codes have `z_dim` dimensions
        and whose decoder ends in `output`; None leaves a setting as it is.

        Raises:
            InputError: there are no such networks.
        """
        raise InputError(f"{self.name} begins with networks of its own")

    @property
    def generates_from(self) -> float:
        """Share of the run after which the network that `generate` uses begins to learn."""
        return 0.0

    @property
    @abstractmethod
    def players(self) -> Mapping[str, tuple[str, ...]]:
        """Player -> the networks it moves. Every network of `networks` that is not `frozen` has a player; a
        network of two players has two optimisers, for turns of two kinds (AAE's encoder).

        A constant of the class, or a property where players depend on a setting.
        """

    def fitted(self, shape: Shape, arch: Architecture) -> Method:
        """The method with the settings that it leaves to the data's shape and the networks; itself by
        default. A run records the result.
        """
        return self

    @abstractmethod
    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Build every network for samples of `shape`, named as in `players`."""

    @abstractmethod
    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Played:
        """Play one batch `x` `[B, *shape]`: `return {player: loss}` for one turn, `yield` it for each of
        several.

        Both end a turn: every loss's gradient is taken on the graph built so far, with respect to its own
        player's parameters only, then those players step. After a `yield`, `play` continues with the moved
        networks.
        """

    def turns(self, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
        """The turns of `play`, one after the other, without references to the graphs of past turns."""
        played = self.play(nets, x, clock)
        if not isinstance(played, Mapping):
            yield from played
            return
        only = [played]
        del played
        yield only.pop()

    @property
    def targets(self) -> Mapping[str, Target]:
        """Target networks: copies of other networks that the engine makes and updates; they have no player.

        `play` finds them in `nets` beside those of `networks`, which need not build them.
        """
        return {}

    @property
    def frozen(self) -> tuple[str, ...]:
        """Networks that no player moves and that stay as they were built: those of `perceptual_networks` and
        `given_encoders`, and any of `networks` that is named here. They are in evaluation mode. Saved states
        leave them out, and a resumed run builds them anew. Those in `exported` are given or taken from
        another model instead, and saved.
        """
        return (*self.perceptual_networks, *self.given_encoders)

    @property
    def perceptual_networks(self) -> Mapping[str, str]:
        """Frozen networks with published weights, which the engine opens: their names in `nets`, and the kind
        of each (`chimerae.features.PERCEPTUAL`). `networks` does not build them.

        Each maps images in [-1, 1] to features whose squared distance is a perceptual distance.
        """
        return {}

    @property
    def given_encoders(self) -> Mapping[str, Given]:
        """Frozen encoders that the engine opens: their names in `nets`, and the networks of each. `networks`
        does not build them. Before the first step the engine measures the training data with them, so that
        their codes have mean 0 and covariance I.
        """
        return {}

    def buffers(self) -> Mapping[str, Tensor]:
        """Initial values of the method's own tensors that outlive a batch, such as a running mean.

        `play` finds them in `nets.buffers`, and changes them in place or puts others of the same shape there.
        They are saved and resumed with the networks.
        """
        return {}

    @property
    def noise_dim(self) -> int:
        """Numbers that `generate` takes beside the code (AVAE's xi); 0 for most methods."""
        return 0

    @property
    def label_dim(self) -> int:
        """Number of classes whose labels the networks take (`chimerae.labels`); 0: they take none."""
        return 0

    def generate(self, nets: Nets, z: Tensor) -> Tensor:
        """Samples `[n, *shape]` from codes `[n, z_dim]` or `[n, z_dim + noise_dim]`, by the last of
        `decoders`; missing noise is drawn. Labels stand behind the noise (`with_labels`), or `nets` has them.
        """
        nets, z = self.parted(nets, z)
        x: Tensor = getattr(nets, self.decoders[-1])(self.with_noise(z))
        return x

    @property
    def decoders(self) -> tuple[str, ...]:
        """Networks that turn codes into samples; the one that `generate` uses comes last."""
        return self.exported[-1:]

    def decode(self, nets: Nets, z: Tensor) -> Mapping[str, Tensor]:
        """Samples from the codes `z` (as `generate` takes them) by each of `decoders`; only the last one
        takes noise.
        """
        return {name: self.decode_by(name, nets, z) for name in self.decoders}

    def decode_by(self, network: str, nets: Nets, z: Tensor) -> Tensor:
        """Samples from the codes `z` by `network`, one of `decoders`, as `decode` makes them."""
        if network == self.decoders[-1]:
            return self.generate(nets, z)
        nets, z = self.parted(nets, z)
        x: Tensor = getattr(nets, network)(z[:, : self.z_dim])
        return x

    def encode(self, nets: Nets, x: Tensor) -> Gaussian:
        """Posterior over codes of `x` `[B, *shape]`.

        Raises:
            NoEncoder: the method has none.
        """
        if not self.encodes:
            raise NoEncoder(f"{self.name} has no encoder: it can sample, but not encode or reconstruct")
        q: Gaussian = nets.encoder(x)
        return q

    @property
    def generates(self) -> bool:
        """True when codes drawn from the prior give samples. False for models that only reconstruct, such as
        a VQ-VAE without a prior over its codes: drawing and metrics of samples are skipped.
        """
        return True

    @property
    def encodes(self) -> bool:
        """True when the method has an encoder."""
        return any("encoder" in named for named in (self.frozen, *self.players.values()))

    def realness(self, nets: Nets, x: Tensor) -> Tensor:
        """Value of `sample_critic` for samples `x` `[B, *shape]`, `[B]`; larger is more like data."""
        c: Tensor = getattr(nets, self.sample_critic)(x)
        return c

    def reconstruction_code(self, q: Gaussian, eps: Tensor) -> Tensor:
        """The code `[B, z_dim]` that reconstructs `q`'s sample; `eps` `[B, z_dim]` is standard normal."""
        return q.sample(eps)

    def prior(self, x: Tensor, d: int | None = None) -> Tensor:
        """Standard normal codes `[B, d]`, as many as `x` has samples; `d` is `z_dim` when not given."""
        return noise.normal(x.shape[0], self.z_dim if d is None else d, like=x)  # an exported size stays free

    def with_noise(self, z: Tensor) -> Tensor:
        """`z` `[n, z_dim]` with its missing noise drawn: `[n, z_dim + noise_dim]`; one with labels is whole.

        Raises:
            InputError: the codes have another width.
        """
        missing = self.z_dim + self.noise_dim - z.shape[1]
        if self.label_dim and missing == -self.label_dim:
            return z
        if missing not in (0, self.noise_dim):
            noisy = f", or with noise [n, {self.z_dim + self.noise_dim}]" if self.noise_dim else ""
            raise InputError(f"codes of shape {list(z.shape)} do not fit: give [n, {self.z_dim}]{noisy}")
        return torch.cat([z, noise.normal(len(z), missing, like=z)], 1) if missing else z

    def with_labels(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """`z`, its missing noise drawn, and the labels `y` `[n, N]` behind it, uniform draws when not given;
        `z` itself where networks take no labels.
        """
        if not self.label_dim:
            return z
        if y is None:
            y = one_hot((noise.uniform(len(z), like=z) * self.label_dim).long(), self.label_dim)
        return torch.cat([self.with_noise(z), y.to(z)], 1)

    def parted(self, nets: Nets, z: Tensor) -> tuple[Nets, Tensor]:
        """Networks with the labels that stand behind the noise of `z`, and `z` without them."""
        width = self.z_dim + self.noise_dim
        if not self.label_dim or z.shape[1] != width + self.label_dim:
            return nets, z
        return nets.labelled(z[:, width:]), z[:, :width]
