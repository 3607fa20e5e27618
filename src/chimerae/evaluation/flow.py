"""A small normalising flow over codes: affine couplings on whitened codes, fitted by maximum likelihood.

Source: RealNVP, Dinh et al. 2017 (arXiv 1605.08803), section 3. Log scales are bounded by tanh; the halves
are those of a random permutation for each pair of couplings.
"""

from __future__ import annotations

from copy import deepcopy
from math import log, pi
from typing import Final

import torch
from torch import Tensor, nn

from chimerae import noise

COUPLINGS: Final = 6
"""Affine couplings; two neighbours move one half each."""
WIDTH: Final = 64
"""Units in both hidden layers of a coupling's network."""
MOST_SCALE: Final = 1.5
"""Bound of the log scales of one coupling."""
STEPS: Final = 2_000
"""Steps of the fit, at most."""
BATCH: Final = 256
EVERY: Final = 50
"""Steps between two looks at held-out codes."""
PATIENCE: Final = 10
"""Looks without progress after which the fit ends."""
RATE: Final = 5e-4
"""Learning rate of Adam, which falls to 0 along a cosine."""
HELD_OUT: Final = 10
"""Codes of which one is held out."""
FEWEST: Final = 50
"""Codes below which the flow has no couplings, and is a Gaussian."""


class Coupling(nn.Module):
    """`x_b -> x_b exp(s(x_a)) + t(x_a)`, `x_a -> x_a`, for the two halves a and b of a code (7, 8)."""

    a: Tensor
    b: Tensor

    def __init__(self, a: Tensor, b: Tensor, width: int = WIDTH) -> None:
        super().__init__()
        self.register_buffer("a", a)
        self.register_buffer("b", b)
        last = nn.Linear(width, 2 * len(b))
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.net = nn.Sequential(
            nn.Linear(len(a), width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), last
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Moved codes `[n, z]` and the log of the Jacobian's determinant `[n]`."""
        s, t = self._scale_and_shift(x)
        return x.index_copy(1, self.b, x[:, self.b] * s.exp() + t), s.sum(1)

    def back(self, y: Tensor) -> Tensor:
        """The codes `[n, z]` that `forward` moves to `y`."""
        s, t = self._scale_and_shift(y)
        return y.index_copy(1, self.b, (y[:, self.b] - t) * (-s).exp())

    def _scale_and_shift(self, x: Tensor) -> tuple[Tensor, Tensor]:
        s, t = self.net(x[:, self.a]).chunk(2, 1)
        return MOST_SCALE * torch.tanh(s / MOST_SCALE), t


class Flow(nn.Module):
    """A density over codes `[n, z]`: whitening by mean and covariance, then `couplings`, then N(0, I).

    Couplings begin as the identity, so an untrained flow is the Gaussian with this mean and covariance.
    """

    mean: Tensor
    factor: Tensor

    def __init__(self, mean: Tensor, factor: Tensor, couplings: int = COUPLINGS) -> None:
        """`factor` `[z, z]` is the lower triangular factor of the covariance."""
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("factor", factor)
        self.couplings = nn.ModuleList()
        half, order = len(mean) // 2, torch.arange(len(mean))
        for i in range(couplings):
            order = torch.randperm(len(mean)) if i % 2 == 0 else order.flip(0)
            self.couplings.append(Coupling(order[:half], order[half:]))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Noise `[n, z]` of codes, and the log of the Jacobian's determinant `[n]`."""
        u = torch.linalg.solve_triangular(self.factor, (x - self.mean).T, upper=False).T
        total = -self.factor.diagonal().log().sum().expand(len(x))
        for coupling in self.couplings:
            u, slope = coupling(u)
            total = total + slope
        return u, total

    def codes(self, u: Tensor) -> Tensor:
        """The codes `[n, z]` of noise: the inverse of `forward`."""
        for coupling in reversed(self.couplings):
            assert isinstance(coupling, Coupling)
            u = coupling.back(u)
        z: Tensor = u @ self.factor.T + self.mean
        return z

    def log_density(self, x: Tensor) -> Tensor:
        """Log density of codes in nats, `[n]`: that of their noise, and the log determinant (3)."""
        u, slope = self(x)
        density: Tensor = slope - 0.5 * u.square().sum(1) - 0.5 * u.shape[1] * log(2 * pi)
        return density


def fit_flow(codes: Tensor, mean: Tensor, factor: Tensor, seed: int = 0) -> Flow:
    """The flow fitted to `codes` `[n, z]`, float32, from the Gaussian of `mean` `[z]` and `factor` `[z, z]`.

    A tenth of the codes is held out. The result is the flow of the step at which their mean log density was
    largest, so it is at least that of the Gaussian. Steps, not seconds, bound the fit: the same seed gives
    the same flow on any machine, up to rounding. Codes of one dimension, and fewer than `FEWEST`, stay
    Gaussian.
    """
    n, z = codes.shape
    with noise.seeded(seed, "flow"), torch.enable_grad():
        flow = Flow(mean, factor, COUPLINGS if z > 1 and n >= FEWEST else 0)
        if not len(flow.couplings):
            return flow
        order = torch.randperm(n)
        held, train = codes[order[: n // HELD_OUT]], codes[order[n // HELD_OUT :]]
        return _fitted(flow, train, held).requires_grad_(False)


def _fitted(flow: Flow, train: Tensor, held: Tensor) -> Flow:
    optimiser = torch.optim.Adam(flow.parameters(), RATE)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    best, state, looks = _mean(flow, held), deepcopy(flow.state_dict()), 0
    for step in range(1, STEPS + 1):
        loss = -flow.log_density(train[torch.randint(len(train), (BATCH,))]).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(flow.parameters(), 1.0)
        optimiser.step()
        rates.step()
        if step % EVERY:
            continue
        now = _mean(flow, held)
        looks = 0 if now > best else looks + 1
        if now > best:
            best, state = now, deepcopy(flow.state_dict())
        if looks == PATIENCE:
            break
    flow.load_state_dict(state)
    return flow


def _mean(flow: Flow, held: Tensor) -> float:
    with torch.no_grad():
        return float(flow.log_density(held).mean())
