"""Toy densities in the plane: known, endless and quick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import pi
from typing import Final

import torch
from torch import Generator, Tensor

from chimerae import noise

N_FIXED: Final = 10_000
"""Points in a toy's fixed splits."""


@dataclass(frozen=True)
class Toy:
    """A density in the plane.

    >>> eight = next(toy for toy in TOYS if toy.name == "8gaussians")
    >>> eight.sample(5, torch.Generator().manual_seed(0)).shape, eight.centres().shape
    (torch.Size([5, 2]), torch.Size([8, 2]))
    """

    name: str
    about: str
    draw: Callable[[int, Generator], Tensor]
    limits: tuple[float, float]
    """Lower and upper edge, on both axes, of the square over which densities are compared."""
    modes: tuple[tuple[float, float], ...] = ()
    """Centres of its modes; empty when it has none of its own."""
    sigma: float | None = None
    """Standard deviation around each centre, on each axis."""

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Fresh points `[n, 2]`, float32, drawn from a CPU `generator`."""
        return self.draw(n, generator)

    def centres(self) -> Tensor:
        """Centres of the modes, `[M, 2]`; `[0, 2]` when it has none."""
        return torch.tensor(self.modes, dtype=torch.float32).reshape(-1, 2)

    def fixed(self, split: str) -> Tensor:
        """The same 10,000 points `[10000, 2]` every time, others for each split."""
        return _fixed(self, split)


@cache
def _fixed(toy: Toy, split: str) -> Tensor:
    return toy.sample(N_FIXED, noise.generator("toy", toy.name, split))


def avae_sine(n: int, generator: Generator, *, shared_noise: bool = True) -> Tensor:
    """The AVAE paper's toy `[n, 2]`: `x = (3 z1 + .1 e, cos(3 z1) + tanh(3 z2) + .1 e)`, normal z1, z2, e.

    As printed, and in the toy `avae-sine`, both coordinates get the *same* e. `shared_noise=False` is the
    other reading: each has a noise of its own. (Plumerault et al. 2020, section 4.1.)
    """
    z1, z2, e1, e2 = torch.randn(4, n, generator=generator)
    return torch.stack(
        [3 * z1 + 0.1 * e1, (3 * z1).cos() + (3 * z2).tanh() + 0.1 * (e1 if shared_noise else e2)], 1
    )


def mixture(modes: tuple[tuple[float, float], ...], sigma: float) -> Callable[[int, Generator], Tensor]:
    """The sampler of an equal mixture of round Gaussians around `modes`."""

    def draw(n: int, generator: Generator) -> Tensor:
        which = torch.randint(len(modes), (n,), generator=generator)
        return torch.tensor(modes)[which] + sigma * torch.randn(n, 2, generator=generator)

    return draw


def spirals(n: int, generator: Generator) -> Tensor:
    """Two spirals `[n, 2]` of one and a half turns, each the other's mirror through the origin; noise 0.1."""
    u = torch.rand(3, n, generator=generator)
    angle = 3 * pi * u[0].sqrt()
    arm = torch.stack([-angle.cos() * angle + 0.5 * u[1], angle.sin() * angle + 0.5 * u[2]], 1) / 3
    side = torch.randint(2, (n, 1), generator=generator) * 2 - 1
    return side * arm + 0.1 * torch.randn(n, 2, generator=generator)


def checkerboard(n: int, generator: Generator) -> Tensor:
    """The eight cells of one colour `[n, 2]` of a 4 x 4 board on [-4, 4]^2, uniformly filled."""
    u = torch.rand(2, n, generator=generator)
    column, x = (4 * u[0]).floor(), 8 * u[0] - 4
    row = 2 * torch.randint(2, (n,), generator=generator) + column % 2
    return torch.stack([x, 2 * (row + u[1]) - 4], 1)


def rings(n: int, generator: Generator) -> Tensor:
    """Four rings `[n, 2]` of radius 0.75, 1.5, 2.25 and 3 with equally many points each; noise 0.08."""
    radius = 0.75 * (1 + torch.randint(4, (n,), generator=generator))
    angle = 2 * pi * torch.rand(n, generator=generator)
    ring = torch.stack([radius * angle.cos(), radius * angle.sin()], 1)
    return ring + 0.08 * torch.randn(n, 2, generator=generator)


FOLD_NOISE: Final = 0.2
"""Deviation of the noise around the half line of `folded`, on each axis."""


def folded(n: int, generator: Generator) -> Tensor:
    """`x = (|z| + s e1, s e2)` `[n, 2]` with normal z, e1, e2 and s = 0.2: a code of either sign explains a
    point equally well, so the posterior has two modes.
    """
    z, *e = torch.randn(3, n, generator=generator)
    return torch.stack([z.abs(), torch.zeros_like(z)], 1) + FOLD_NOISE * torch.stack(e, 1)


def _circle(n: int, radius: float) -> tuple[tuple[float, float], ...]:
    angle = 2 * pi * torch.arange(n, dtype=torch.float64) / n
    return tuple((radius * float(a.cos()), radius * float(a.sin())) for a in angle)


def _lattice(n: int, spacing: float) -> tuple[tuple[float, float], ...]:
    places = [spacing * (i - (n - 1) / 2) for i in range(n)]
    return tuple((a, b) for a in places for b in places)


def _mixture(name: str, about: str, modes: tuple[tuple[float, float], ...], sigma: float) -> Toy:
    return Toy(name, about, mixture(modes, sigma), (-2.0, 2.0), modes, sigma)


TOYS: Final[tuple[Toy, ...]] = (
    Toy("avae-sine", "the AVAE paper's two noisy branches of a cosine", avae_sine, (-10.0, 10.0)),
    _mixture("8gaussians", "8 narrow modes on a circle", _circle(8, 2 / 1.414), 0.02 / 1.414),
    _mixture("25gaussians", "25 narrow modes on a square lattice", _lattice(5, 2 / 2.828), 0.05 / 2.828),
    Toy("2spirals", "two interleaved spirals", spirals, (-4.0, 4.0)),
    Toy("checkerboard", "8 uniform cells of a 4 x 4 board", checkerboard, (-4.0, 4.0)),
    Toy("rings", "four concentric rings", rings, (-4.0, 4.0)),
    Toy("folded", "|z| and noise: the sign of the code is lost", folded, (-4.0, 4.0)),
)
