"""Architectures, which build networks, and the networks of a run by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from functools import cache
from math import prod
from typing import ClassVar, Final

import torch
from torch import Tensor, nn

from chimerae.errors import InputError
from chimerae.heads import POSTERIORS, Logit, NoiseFed, Output, Scale, WithClasses, WithFeatures, code_critic
from chimerae.modes import evaluate, statistics_kept
from chimerae.network import Autocast as Autocast
from chimerae.network import Network as Network
from chimerae.noise import seeded
from chimerae.patches import SMALLEST, PatchCritic
from chimerae.shapes import Shape, is_image

PLAIN: Final = Autocast()
LARGE: Final = 256 * 256 * 3
"""Values of a sample above which a pass for shapes runs on the meta device, without computation."""


class Architecture(ABC):
    """Factories of networks for samples of a given shape. Concrete ones are frozen dataclasses.

    A family of networks defines `check`, `nearest`, `trunk`, `decoder` and `pair_critic`; all other networks
    are its trunk with a head. `initialise`, `initialise_critic`, `with_head` and `code_critic_width` adjust
    them.
    """

    name: ClassVar[str]
    """Name on the command line."""

    @abstractmethod
    def check(self, shape: Shape) -> None:
        """Raise `InputError` for a shape that the networks cannot be built for, naming the nearest valid
        ones.
        """

    @abstractmethod
    def nearest(self, shape: Shape) -> Shape:
        """The valid shape nearest to `shape` that is not smaller."""

    @abstractmethod
    def trunk(self, shape: Shape, *, norm: bool = True) -> nn.Sequential:
        """Stages from samples `[B, *shape]` to flat features `[B, h]`; `norm=False` keeps samples independent
        of each other.

        Raises:
            InputError: it cannot be built for `shape` (as `check` says).
        """

    @abstractmethod
    def decoder(self, z_dim: int, shape: Shape, *, output: Output = "tanh") -> nn.Module:
        """A network `z [B, z_dim] -> x [B, *shape]`; images end in `output`, points are linear."""

    @abstractmethod
    def pair_critic(self, shape: Shape, z_dim: int, *, norm: bool = True) -> nn.Module:
        """A network `x, z [B, z_dim] -> logit [B]` (> 0 means the encoder's pair)."""

    @property
    def code_critic_width(self) -> int:
        """Units per hidden layer of a critic of codes (512 in the WAE paper)."""
        return 512

    def code_dim(self, shape: Shape) -> int:
        """Dimensions of a code of `shape`, for methods that leave it to the networks; 64 by default."""
        return 64

    @property
    def patch_width(self) -> int:
        """Channels of the first convolution of a critic of patches (64 in pix2pix)."""
        return 64

    def initialise(self, network: nn.Module) -> nn.Module:
        """`network` with its first weights; PyTorch's own by default."""
        return network

    def initialise_critic(self, network: nn.Module) -> nn.Module:
        """`network`, a critic of samples, pairs or codes, with its first weights; those of `initialise` by
        default.
        """
        return self.initialise(network)

    def with_head(self, trunk: nn.Sequential, head: nn.Module) -> nn.Module:
        """`trunk` followed by `head`; it decides the names of their parameters."""
        return nn.Sequential(trunk, head)

    def features(self, shape: Shape) -> int:
        """Number `h` of flat features that `trunk` gives, determined by a pass of one sample. The caller's
        random state is unaffected.

        Raises:
            InputError: the features are not flat.
        """
        try:
            hash(self)
        except TypeError:  # it is not frozen, or has a mutable setting: it may change
            return _features(self, shape)
        return _features_remembered(self, tuple(shape))

    def encoder(self, shape: Shape, z_dim: int, *, scale: Scale = "free") -> nn.Module:
        """A network `x [B, *shape] -> Gaussian` over `z_dim` dimensions."""
        trunk = self.trunk(shape)
        return self.initialise(self.with_head(trunk, POSTERIORS[scale](self.features(shape), z_dim)))

    def critic(self, shape: Shape, *, norm: bool = True) -> nn.Module:
        """A network `x -> logit [B]` (> 0 means real); `norm=False` keeps samples independent of each
        other.
        """
        trunk = self.trunk(shape, norm=norm)
        return self.initialise_critic(self.with_head(trunk, Logit(self.features(shape))))

    def feature_critic(self, shape: Shape) -> nn.Module:
        """A network `x -> (logit [B], features [B, ...])`; the features are the trunk's, before they are
        flattened.
        """
        trunk = self.trunk(shape)
        stage = len(trunk) - isinstance(trunk[-1], nn.Flatten)
        return self.initialise(WithFeatures(trunk, stage, Logit(self.features(shape))))

    def patch_critic(self, shape: Shape) -> nn.Module:
        """A network `x -> logits [B, h, w]` of patches; `x -> logit [B]` for points and sides below 8."""
        patches = is_image(shape) and min(shape[1:]) >= SMALLEST
        return PatchCritic(shape, self.patch_width) if patches else self.critic(shape)

    def code_critic(self, z_dim: int) -> nn.Module:
        """A network `z [B, z_dim] -> logit [B]` (> 0 means drawn from the prior) without normalisation: four
        hidden layers of `code_critic_width` units.
        """
        return self.initialise_critic(code_critic(z_dim, self.code_critic_width))

    def class_critic(self, shape: Shape, outcomes: int) -> nn.Module:
        """A network `x -> (logits [B, outcomes], features [B, h])` whose features `code_head` can read."""
        return self.initialise(WithClasses(self.trunk(shape), self.features(shape), outcomes))

    def code_head(self, shape: Shape, z_dim: int) -> nn.Module:
        """A network `features [B, h] -> Gaussian` over `z_dim` dimensions, for the features of
        `class_critic`.
        """
        return self.initialise(POSTERIORS["free"](self.features(shape), z_dim))

    def noisy_encoder(self, shape: Shape, z_dim: int, noise_dim: int) -> nn.Module:
        """A network `x, eps [B, noise_dim] -> z [B, z_dim]`: a draw from a posterior of any form.

        The noise enters with the data, so that every layer can transform it: beside the coordinates of
        points, or spread by a linear layer over one more channel of images.
        """
        wider = (shape[0] + (1 if is_image(shape) else noise_dim), *shape[1:])
        return NoiseFed(self.encoder(wider, z_dim, scale="none"), noise_dim, shape)


def _features(arch: Architecture, shape: Shape) -> int:
    """As `Architecture.features`. Large samples go through PyTorch's meta device, which computes nothing; it
    takes 2 seconds to load.
    """
    device = torch.device("meta") if prod(shape) > LARGE else torch.get_default_device()
    with seeded("features"), device, torch.no_grad():
        h: Tensor = arch.trunk(shape).eval()(torch.zeros(1, *shape))
    if h.dim() != 2:
        given = list(h.shape[1:])
        raise InputError(f"the trunk of {arch.name} gives {given} a sample, not [h]: end in nn.Flatten()")
    return h.shape[1]


_features_remembered = cache(_features)


class Nets:
    """The networks of one run, by name: `nets.encoder(x)` calls the one named `encoder`.

    Parameters and outputs are float32. With `autocast.bfloat16` a network computes inside bf16 autocast and
    hands its outputs back in float32, so that losses, KL and exp never see anything less.
    """

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        autocast: Autocast = PLAIN,
        *,
        frozen: Collection[str] = (),
        buffers: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.modules = dict(modules)
        self.autocast = autocast
        self.frozen = frozenset(frozen)
        """Networks that stay in evaluation mode, and have no gradients."""
        self.buffers = dict(buffers or {})
        """Tensors of the method's own."""
        self.labels: Tensor | None = None
        """Labels `[B, N]` of the batch, for networks that take any."""
        for name in self.frozen:
            self.modules[name].requires_grad_(False).eval()

    def __getattr__(self, name: str) -> Network:
        modules = self.__dict__.get("modules", {})
        if name not in modules:
            raise AttributeError(f"no network '{name}'; there are: {', '.join(modules)}")
        return Network(modules[name], self.autocast, self.labels)

    def labelled(self, labels: Tensor | None) -> Nets:
        """The same networks for samples with `labels` `[B, N]` (`chimerae.labels`), or None for any; these
        networks themselves where nothing changes.
        """
        if labels is self.labels:
            return self
        other = copy(self)
        other.labels = labels
        return other

    def items(self) -> Iterator[tuple[str, nn.Module]]:
        """Names and modules, in the order in which the method built them."""
        yield from self.modules.items()

    def train(self) -> None:
        """Put every network that is not frozen into training mode."""
        for name, module in self.items():
            module.train(name not in self.frozen)

    @contextmanager
    def evaluating(self, *, batch_statistics: bool = False) -> Iterator[Nets]:
        """Evaluation mode (BatchNorm on running statistics, or on those of the batch; layers' noise constant)
        without gradients.
        """
        before = {name: module.training for name, module in self.items()}
        for name, module in self.items():
            evaluate(module, batch_statistics=batch_statistics and name not in self.frozen)
        try:
            with torch.no_grad():
                if batch_statistics:
                    with statistics_kept(*self.modules.values()):
                        yield self
                else:
                    yield self
        finally:
            for name, training in before.items():
                self.modules[name].train(training)
