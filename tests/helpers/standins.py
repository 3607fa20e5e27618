"""A model of digits without any training: principal components as encoder and decoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from chimerae import noise
from chimerae.gaussian import Gaussian
from chimerae.methods import BY_NAME, Clock
from chimerae.nets import Nets
from chimerae.training.health import health
from chimerae.training.probe import Probe

Z_DIM = 16
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "soft-introvae": {"beta_neg": 0.5},
    "as-introvae": {"beta_neg": 0.5},
}
"""Settings that fit 64 values and a KL of 40 nats."""
SPREAD = 0.1
"""Deviation of the posterior in every dimension."""


class Standin(nn.Module):
    """A function as a network."""

    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> object:
        """Apply the function."""
        return self.function(*inputs)


@cache
def digits() -> Tensor:
    """Images `[256, 1, 8, 8]` in [0, 1]."""
    return torch.tensor(load_digits().images[:256] / 16.0, dtype=torch.float32)[:, None]


@dataclass(frozen=True)
class Components:
    """Mean `[64]`, and components `[16, 64]` scaled by their deviations, of digits in a value range."""

    mean: Tensor
    scaled: Tensor

    def decode(self, z: Tensor) -> Tensor:
        """Images `[n, 1, 8, 8]` from codes `[n, 16 or more]`; what lies beyond 16 is ignored."""
        return (self.mean + z[:, :Z_DIM] @ self.scaled).view(-1, 1, 8, 8)

    def encode(self, x: Tensor) -> Gaussian:
        """The posterior of images, with a small spread."""
        mu = (x.flatten(1) - self.mean) @ torch.linalg.pinv(self.scaled)
        return Gaussian(mu, torch.full((Z_DIM,), 2 * torch.tensor(SPREAD).log().item()))


def components(method: str) -> Components:
    """The components in the value range of a method."""
    x = BY_NAME[method].value_range.from_unit(digits()).flatten(1)
    _, deviations, directions = torch.linalg.svd(x - x.mean(0), full_matrices=False)
    scaled = directions[:Z_DIM] * deviations[:Z_DIM, None] / len(x) ** 0.5
    return Components(x.mean(0), scaled)


def critic(x: Tensor, *rest: Tensor) -> Tensor:
    """Logits `[B]` of no strong opinion."""
    return x.flatten(1)[:, ::7].sum(1) / 10


@dataclass(frozen=True)
class Standins:
    """The networks of a method as functions, and the word that they deserve."""

    method: str
    networks: Mapping[str, Callable[..., object]]

    def but(self, **changed: Callable[..., object]) -> Standins:
        """The same with other networks in some places."""
        return replace(self, networks={**self.networks, **changed})

    def values(self, progress: float) -> dict[str, float]:
        """Means that the method watches on one batch, and measurements of what it draws."""
        method = BY_NAME[self.method](z_dim=Z_DIM, **OPTIONS.get(self.method, {}))
        nets = Nets({name: Standin(function) for name, function in self.networks.items()})
        clock = Clock(int(progress * 1000), 1000, {})
        x = method.value_range.from_unit(digits()[64:128]).requires_grad_()
        with noise.seeded(0, "batch"):
            next(iter(method.turns(nets, x, clock)))
        logged = {name: torch.stack(means).mean().item() for name, means in (clock.logged or {}).items()}
        return logged | Probe(method, digits(), seed=0).measure(nets, progress)

    def word(self, progress: float = 0.9) -> str:
        """The health word of these networks at a point of the run."""
        return health(self.values(progress), progress)


def standins(method: str) -> Standins:
    """Healthy networks for a method."""
    made = components(method)
    return Standins(
        method,
        {
            "encoder": made.encode,
            "decoder": made.decode,
            "generator": made.decode,
            "critic": critic,
        },
    )
