"""The posterior object: a diagonal Gaussian over codes."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

import torch
from torch import Tensor

from chimerae import noise

LOGVAR_RANGE = (-30.0, 20.0)
"""Log-variances are clipped to this range before they are used: outside it float32 is meaningless."""
POINT = -24.0
"""Log-variance (a deviation of 6e-6) up to which a code counts as one without spread, in any unit."""


@dataclass(frozen=True)
class Gaussian:
    """Diagonal normal distribution over codes, one per sample.

    `mu` is `[B, z]`; `logvar` is `[B, z]`, or `[z]` when one learned scale serves every sample (AVAE).

    >>> q = Gaussian(torch.tensor([[1.0, 0.0]]), torch.zeros(2))
    >>> q.kl()
    tensor([0.5000])
    """

    mu: Tensor
    logvar: Tensor

    @classmethod
    def point(cls, mu: Tensor) -> Gaussian:
        """A deterministic code `[B, z]` as a (numerically) degenerate Gaussian."""
        return cls(mu, torch.full_like(mu[0], LOGVAR_RANGE[0]))

    @property
    def is_point(self) -> bool:
        """True for codes without spread: their density and KL are undefined."""
        return bool((self.logvar <= POINT).all())

    @property
    def _logvar(self) -> Tensor:
        return self.logvar.clamp(*LOGVAR_RANGE)

    @property
    def sigma(self) -> Tensor:
        """Standard deviation, of the shape of `logvar`."""
        return (0.5 * self._logvar).exp()

    @property
    def variance(self) -> Tensor:
        """Variance, of the shape of `logvar`."""
        return self._logvar.exp()

    def sample(self, eps: Tensor | None = None) -> Tensor:
        """Reparametrised draw `mu + sigma * eps`, `[B, z]`; `eps` `[B, z]` is drawn when it is not given."""
        if eps is None:
            eps = noise.normal(*self.mu.shape, like=self.mu)
        return self.mu + self.sigma * eps

    def scaled(self, factor: float) -> Gaussian:
        """The law of `factor * z` (`factor` > 0), for codes measured in another unit.

        >>> q = Gaussian(torch.ones(1, 2), torch.zeros(2)).scaled(0.5)
        >>> q.mu.tolist(), q.sigma.tolist()
        ([[0.5, 0.5]], [0.5, 0.5])
        """
        return Gaussian(factor * self.mu, self.logvar + 2.0 * log(factor))

    def kl_per_dim(self) -> Tensor:
        """KL to N(0, 1) of every dimension, in nats, `[B, z]`."""
        return 0.5 * (self.mu.square() + self.variance - 1.0 - self._logvar)

    def kl(self) -> Tensor:
        """KL to N(0, I) in nats, summed over dimensions, one value per sample `[B]`."""
        return self.kl_per_dim().sum(1)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density of `z` `[B, z]` in nats, one value per sample `[B]`."""
        scaled = (z - self.mu).square() / self.variance
        return -0.5 * (scaled + self._logvar + log(2 * pi)).sum(1)
