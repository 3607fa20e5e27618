"""Heads of networks: posteriors, logits, and modules that join a trunk with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from chimerae.gaussian import Gaussian
from chimerae.shapes import Shape, is_image, numel

Scale = Literal["free", "shared", "none"]
"""Spread of an encoder's posterior: per sample, one learned vector for all samples, or none
(deterministic).
"""
Output = Literal["tanh", "sigmoid", "linear"]
"""Last activation of a decoder of images: values in [-1, 1], in [0, 1], or anywhere."""


class FreeScale(nn.Module):
    """`features [B, h] -> Gaussian` with a mean and a log-variance of its own for every sample."""

    def __init__(self, width: int, z_dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 2 * z_dim)

    def forward(self, h: Tensor) -> Gaussian:
        """Posterior of each sample."""
        mu, logvar = self.linear(h).float().chunk(2, 1)
        return Gaussian(mu, logvar)


class SharedScale(nn.Module):
    """`features [B, h] -> Gaussian` with one learned `log_sigma [z]` for all samples (AVAE paper, section
    4.2).
    """

    def __init__(self, width: int, z_dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, z_dim)
        self.log_sigma = nn.Parameter(torch.zeros(z_dim))

    def forward(self, h: Tensor) -> Gaussian:
        """Posterior of each sample."""
        return Gaussian(self.linear(h).float(), 2.0 * self.log_sigma)


def log_sigmas(network: nn.Module) -> list[nn.Parameter]:
    """The spread `[z]` of every head in `network` whose samples share one: its parameter `log_sigma`.

    >>> [tuple(each.shape) for each in log_sigmas(nn.Sequential(nn.Linear(2, 4), SharedScale(4, 3)))]
    [(3,)]
    """
    own = (getattr(part, "log_sigma", None) for part in network.modules())
    return [spread for spread in own if isinstance(spread, nn.Parameter)]


class CodeMap(nn.Module):
    """The head of an encoder whose codes are maps."""

    code: Shape
    """Shape `(c, h, w)` of a code before it is flattened."""


class NoScale(nn.Module):
    """`features [B, h] -> Gaussian` without spread: a deterministic code."""

    def __init__(self, width: int, z_dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, z_dim)

    def forward(self, h: Tensor) -> Gaussian:
        """Code of each sample."""
        return Gaussian.point(self.linear(h).float())


POSTERIORS: dict[Scale, Callable[[int, int], nn.Module]] = {
    "free": FreeScale,
    "shared": SharedScale,
    "none": NoScale,
}


OUTPUTS: dict[Output, Callable[[], nn.Module]] = {
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "linear": nn.Identity,
}


class Logit(nn.Module):
    """`features [B, h] -> logit [B]`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 1)

    def forward(self, h: Tensor) -> Tensor:
        """Logit of each sample; > 0 means real."""
        logit: Tensor = self.linear(h).squeeze(1)
        return logit


class Pair(nn.Module):
    """`x, z -> logit [B]`: a branch for each of the two, and a trunk on their outputs side by side."""

    def __init__(self, x_branch: nn.Module, z_branch: nn.Module, joint: nn.Module) -> None:
        super().__init__()
        self.x_branch, self.z_branch, self.joint = x_branch, z_branch, joint

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """Logit of each pair."""
        logit: Tensor = self.joint(torch.cat([self.x_branch(x), self.z_branch(z)], 1))
        return logit


class WithFeatures(nn.Module):
    """`x -> (logit [B], features [B, ...])`: a critic that also returns one stage's output, times `gain`."""

    def __init__(self, trunk: nn.Sequential, stage: int, logit: nn.Module, gain: float = 1.0) -> None:
        super().__init__()
        self.lower, self.upper, self.logit, self.gain = trunk[:stage], trunk[stage:], logit, gain

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logit and features of each sample."""
        h = self.lower(x)
        return self.logit(self.upper(h)), self.gain * h


class WithClasses(nn.Module):
    """`x -> (logits [B, outcomes], features [B, h])`: logits of a trunk, and its flat features."""

    def __init__(self, trunk: nn.Module, width: int, outcomes: int) -> None:
        super().__init__()
        self.trunk, self.linear = trunk, nn.Linear(width, outcomes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and features of each sample."""
        h = self.trunk(x)
        return self.linear(h), h


class StyledDecoder(nn.Module):
    """`z [B, z_dim] -> x`: a mapping from codes to styles `w [B, d]`, and a synthesis of samples from them.

    `synthesis` also takes a style for each of its `styles` layers, `[B, styles, d]`.
    """

    def __init__(self, mapping: nn.Module, synthesis: nn.Module, output: nn.Module, styles: int) -> None:
        super().__init__()
        self.mapping, self.synthesis, self.styles = mapping, nn.Sequential(synthesis, output), styles

    def forward(self, z: Tensor, other: Tensor | None = None, first: Tensor | None = None) -> Tensor:
        """Samples of `z`. With `other` codes `[B, z_dim]`, layers from number `first` `[B]` on have their
        styles: mixing (Karras et al. 2019, arXiv 1812.04948, section 3.1).
        """
        w: Tensor = self.mapping(z)
        if other is not None and first is not None:
            own = torch.arange(self.styles, device=z.device) < first[:, None]
            w = torch.where(own[:, :, None], w[:, None], self.mapping(other)[:, None])
        x: Tensor = self.synthesis(w)
        return x


def code_critic(z_dim: int, width: int, depth: int = 4) -> nn.Sequential:
    """`z [B, z_dim] -> logit [B]`: `depth` hidden layers of `width` ReLU units (WAE-GAN's critic)."""
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [nn.Linear(width if i else z_dim, width), nn.ReLU()]
    return nn.Sequential(*layers, Logit(width))


class NoiseFed(nn.Module):
    """`x [B, *shape], eps [B, noise_dim] -> z [B, z_dim]` by an encoder that sees both side by side."""

    def __init__(self, encoder: nn.Module, noise_dim: int, shape: Shape) -> None:
        super().__init__()
        self.encoder = encoder
        plane = (1, *shape[1:])
        self.spread = (
            nn.Sequential(nn.Linear(noise_dim, numel(plane), bias=False), nn.Unflatten(1, plane))
            if is_image(shape)
            else nn.Identity()
        )

    def forward(self, x: Tensor, eps: Tensor) -> Tensor:
        """A code of each sample."""
        z: Tensor = self.encoder(torch.cat([x, self.spread(eps)], 1)).mu
        return z
