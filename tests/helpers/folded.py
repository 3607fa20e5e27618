"""A posterior with two modes: `x = |z| + noise` with the decoder known, so that only the posterior is
learned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from chimerae import noise
from chimerae.losses.ratios import Game, Ratio
from chimerae.networks import MLP

SPREAD = 0.2
"""Deviation `s` of the decoder N(|z|, s^2)."""
NOISE = 8
BATCH = 256
ARCH = MLP(width=64)


@dataclass(frozen=True)
class Posterior:
    """What a learned posterior does with a grid of `x`."""

    positive: Tensor
    """Share of codes above 0, per `x`."""
    error: float
    """Mean squared error of `|z|`, in units of `s^2`."""


def weight(progress: float) -> float:
    """Of the misfit: none at first, so that the posterior begins as the prior; its due in the end."""
    return min(1.5 * progress, 1.0) ** 2


def batches(steps: int, seed: int) -> Iterator[Tensor]:
    """Data `[B, 1]`."""
    for step in range(steps):
        z, eps = torch.randn(2, BATCH, 1, generator=noise.generator("folded", seed, step))
        yield z.abs() + SPREAD * eps


def misfit(x: Tensor, z: Tensor) -> Tensor:
    """`-log p(x given z)` without its constant, `[B]`."""
    return ((x - z.abs()).square() / (2 * SPREAD**2)).squeeze(1)


def implicit(steps: int, *, seed: int = 0, ratio: Ratio = "fgan", inner: int = 2) -> Posterior:
    """A noise-fed encoder minimises misfit + T1(x, z), T1 conditional; it begins as the prior.

    Without that it falls to one sign, from which a reverse KL sees no reason to leave.
    """
    with noise.seeded("folded", seed):
        E, T = ARCH.noisy_encoder((1,), 1, NOISE), ARCH.pair_critic((1,), 1)
        game = Game(ratio, 10.0)
        slow, fast = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.99)) for net in (E, T))
        for step, x in enumerate(batches(steps * (inner + 1), seed)):
            z_q, z = E(x, noise.normal(BATCH, NOISE)), noise.normal(BATCH, 1)
            if step % (inner + 1) < inner:
                _step(fast, game.cost(T(x, z_q.detach()), T(x, z)).mean())
            else:
                _step(
                    slow,
                    (weight(step / steps / (inner + 1)) * misfit(x, z_q) + game.of_first(T(x, z_q))).mean(),
                )
        return _look(lambda x: E(x, noise.normal(len(x), NOISE)))


def gaussian(steps: int, *, seed: int = 0, from_prior: bool = True) -> Posterior:
    """The same with a Gaussian posterior and its KL, a VAE's encoder; it begins as the prior,
    or with the misfit at its due.
    """
    with noise.seeded("folded", seed):
        E = ARCH.encoder((1,), 1)
        optimizer = torch.optim.Adam(E.parameters(), lr=1e-3)
        for step, x in enumerate(batches(steps, seed)):
            q = E(x)
            w = weight(step / steps) if from_prior else 1.0
            _step(optimizer, (w * misfit(x, q.sample()) + q.kl()).mean())
        return _look(lambda x: E(x).sample())


def _step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@torch.no_grad()
def _look(draw: Callable[[Tensor], Tensor], rows: int = 400) -> Posterior:
    grid = torch.linspace(0.8, 2.0, 5)
    x = grid.repeat_interleave(rows)[:, None]
    z = draw(x)
    positive = (z > 0).float().view(len(grid), rows).mean(1)
    return Posterior(positive, (2 * misfit(x, z)).mean().item())
