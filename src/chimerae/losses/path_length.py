"""Penalty on a generator whose images change faster along some styles than along others."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import torch
from torch import Tensor, nn

from chimerae import noise
from chimerae.heads import StyledDecoder
from chimerae.labels import unlabelled
from chimerae.parallel import average

MEAN: Final = "path_length"
"""Name of the method's buffer with the running mean of lengths."""
EPSILON: Final = 1e-12
"""Added to squared lengths before the root."""


class Generator(Protocol):
    """A generator in float32, its module, and labels where it takes some."""

    @property
    def module(self) -> nn.Module:
        """The network itself."""
        ...

    @property
    def labels(self) -> Tensor | None:
        """Labels of the samples."""
        ...

    def in_float32(self, *inputs: Tensor) -> Any:
        """Apply it in float32."""
        ...


@dataclass(frozen=True)
class PathLength:
    """Path length penalty, taken on every `every`-th step with `every` times the weight.

    Equation 4 of Karras et al. 2020 (arXiv 1912.04958): `(||J_w^T y|| - a)^2`, where `J_w` is the Jacobian of
    the image with respect to the style, `y` a normal image of length near the root of its channels, and `a`
    the running mean of the norm. As in the published code, every layer has a style of its own, and the
    squared norm is the mean over layers. A generator without styles is differentiated with respect to the
    code.
    """

    weight: float
    """Weight of the penalty; 0: none. 2 in the published code."""
    every: int = 4
    decay: float = 0.01
    """Share of a new batch in the running mean."""

    def buffers(self) -> Mapping[str, Tensor]:
        """First values of the method's buffers: the running mean, where there is a penalty."""
        return {MEAN: torch.zeros(())} if self.weight else {}

    def __call__(
        self, generator: Generator, step: int, z: Tensor, buffers: MutableMapping[str, Tensor]
    ) -> Tensor:
        """Penalty of each of the codes `z` `[B, z_dim]`, `[B]`; 0 where it is not due at `step`. The running
        mean in `buffers` follows.
        """
        if not self.weight or step % self.every:
            return z.new_zeros(len(z))
        length = path_lengths(generator, z)
        mean = buffers[MEAN].lerp(average(length.detach().mean()), self.decay)
        buffers[MEAN] = mean
        return self.weight * self.every * (length - mean).square()


def path_lengths(generator: Generator, z: Tensor) -> Tensor:
    """`||J^T y||` `[B]` at the codes `z`, with a graph for its own gradient."""
    w, x = _at_styles(generator, z)
    y = noise.normal(len(x), x[0].numel(), like=x).view_as(x) / x[0, 0].numel() ** 0.5
    (slope,) = torch.autograd.grad((x * y).sum(), w, create_graph=True)
    return (slope.square().sum(2).mean(1) + EPSILON).sqrt()


def _at_styles(generator: Generator, z: Tensor) -> tuple[Tensor, Tensor]:
    """Styles `[B, layers, d]` and the samples of them."""
    decoder, joined = unlabelled(generator.module, z, generator.labels)
    if not isinstance(decoder, StyledDecoder):
        w = z.detach()[:, None].requires_grad_()
        return w, generator.in_float32(w[:, 0])
    w = decoder.mapping(joined)[:, None].repeat(1, decoder.styles, 1)
    return w, decoder.synthesis(w)
