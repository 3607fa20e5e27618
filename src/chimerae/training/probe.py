"""Measurements of a model's own samples and reconstructions while it learns, for the health rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.codec import Codec
from chimerae.gaussian import Gaussian
from chimerae.methods import Method
from chimerae.nets import Nets

CODES: Final = 64
"""Number of prior codes to decode, and of data samples to reconstruct."""
FEWEST: Final = 8
"""Fewest data samples with a meaningful variance; with fewer nothing is measured."""
USED_VARIANCE: Final = 0.01
"""A code dimension counts as used when its posterior mean has more than this variance over data."""
LEAST_NATS: Final = 0.05
"""`kl_ratio` is measured only when the KL per data sample is above this."""
PROBES: Final = 25
"""Probes that even a short run may take."""
SAMPLES_BETWEEN: Final = 2048
"""Training samples between two probes of a long run. A probe is 4 forward passes of 64 samples through one
network, a step at least 6 of its batch: probes take 2 percent of the time at most.
"""


@dataclass(frozen=True)
class Probe:
    """Decodes fixed prior codes and reconstructs fixed data, in evaluation mode and without gradients.

    It measures the saved networks (averages, where there are any), as previews do: the health words describe
    the saved model. All randomness comes from `seed`; the generators of the training are unaffected.
    """

    method: Method
    data: Tensor
    """Data samples `[n, *shape]` in unit range (or points); the first `CODES` are used."""
    seed: int

    def due(self, step: int, last: int | None, batch_size: int, schedule_steps: int) -> bool:
        """True when the line at `step` needs a new measurement; `last` is the step of the one before.

        A function of these numbers alone: a resumed run measures at the same steps as an uninterrupted one.
        """
        every = max(1, min(SAMPLES_BETWEEN // batch_size, schedule_steps // PROBES))
        return last is None or step == schedule_steps or step // every > last // every

    def share(self, progress: float) -> float:
        """Share that is done, in [0, 1], of the measured network's training stage.

        Equal to `progress`, except for a method that trains one decoder after the other.
        """
        begin = self.method.generates_from
        return progress / begin if progress <= begin != 0 else (progress - begin) / (1.0 - begin)

    def measure(self, nets: Nets, progress: float) -> dict[str, float]:
        """Measure by name (`variety`, `offset`, ..., see `docs/health.md`); empty for few or constant data.

        Args:
            nets: the networks of `method.exported`.
            progress: share of the run that is done, in [0, 1].
        """
        codec = Codec(self.method, nets, tuple(self.data.shape[1:]))
        x = codec.inwards(self.data[:CODES])
        real = _rows(codec.outwards(x))
        if len(x) < FEWEST or not _variance(real) > 0:
            return {}
        with nets.evaluating(), noise.seeded(self.seed, "probe"):
            z = noise.normal(CODES, self.method.z_dim + self.method.noise_dim, like=x)
            samples = self._decoded(nets, z, progress)
            values = of_samples(_rows(codec.outwards(samples)), real) if self.method.generates else {}
            biggest = samples.abs().max()
            if self.method.encodes:
                q, q_fake = self.method.encode(nets, x), self.method.encode(nets, samples)
                rebuilt = self._decoded(nets, codec.code(q), progress)
                values |= of_pairs(_rows(codec.outwards(rebuilt)), real)
                of_both = of_codes(q, q_fake, z[:, : self.method.z_dim])
                values |= of_both if self.method.generates else {"used_codes": of_both["used_codes"]}
                biggest = torch.stack([biggest, rebuilt.abs().max(), q.mu.abs().max()]).max()
        return values | {"biggest": biggest.item()}

    def _decoded(self, nets: Nets, z: Tensor, progress: float) -> Tensor:
        """Samples from the network that generates, or, before it begins to learn, from the first decoder."""
        if progress > self.method.generates_from:
            return self.method.generate(nets, self.method.with_noise(z))
        first: Tensor = getattr(nets, self.method.decoders[0])(z[:, : self.method.z_dim])
        return first


def _rows(x: Tensor) -> Tensor:
    """Values `[n, d]` of samples in float64 on the CPU."""
    return x.detach().flatten(1).cpu().double()


def of_samples(samples: Tensor, x: Tensor) -> dict[str, float]:
    """`variety` and `offset` of samples `[m, d]` against data `[n, d]`.

    >>> x = torch.tensor([[0.0], [2.0]])
    >>> of_samples(torch.tensor([[3.0], [3.0]]), x)
    {'variety': 0.0, 'offset': 2.0}
    """
    variance = _variance(x)
    offset = (samples.mean(0) - x.mean(0)).square().sum() / variance
    return {"variety": (_variance(samples) / variance).item(), "offset": offset.item()}


def of_pairs(rebuilt: Tensor, x: Tensor) -> dict[str, float]:
    """`rec_error` and `returned` of reconstructions against their originals, each `[n, d]`.

    `rec_error` is the squared error over the variance of the originals. `returned` is the slope of
    reconstructions over originals: the share of their differences that is reconstructed. A mean image has 1
    and 0.

    >>> x = torch.tensor([[0.0], [2.0]])
    >>> of_pairs(x.mean(0).expand_as(x), x), of_pairs(x, x)
    ({'rec_error': 1.0, 'returned': 0.0}, {'rec_error': 0.0, 'returned': 1.0})
    """
    centred = x - x.mean(0)
    spread = centred.square().sum()
    error, covariance = (rebuilt - x).square().sum(), (centred * (rebuilt - rebuilt.mean(0))).sum()
    return {"rec_error": (error / spread).item(), "returned": (covariance / spread).item()}


def of_codes(q: Gaussian, q_fake: Gaussian, z: Tensor) -> dict[str, float]:
    """`used_codes`, `read_back` and `kl_ratio` from the posteriors of data and of samples.

    Args:
        q: posteriors of data `[n, z]`.
        q_fake: posteriors of samples `[m, z]`.
        z: the codes `[m, z]` from which these samples were decoded.
    """
    mu, mu_fake, z = (t.detach().cpu().double() for t in (q.mu, q_fake.mu, z))
    used = mu.var(0) > USED_VARIANCE
    values = {"used_codes": used.double().mean().item()}
    if used.any():
        values["read_back"] = _agreement(mu_fake[:, used], z[:, used])
    kl, kl_fake = (p.kl().double().mean().item() for p in (q, q_fake))
    if not q.is_point and kl > LEAST_NATS:
        values["kl_ratio"] = kl_fake / kl
    return values


def _agreement(a: Tensor, b: Tensor) -> float:
    """Correlation of two sets `[n, d]` over all their centred values: 1 alike, 0 unrelated."""
    a, b = a - a.mean(0), b - b.mean(0)
    length = (a.square().sum() * b.square().sum()).sqrt()
    return ((a * b).sum() / length).item() if length != 0 else 0.0


def _variance(x: Tensor) -> Tensor:
    """Variance of `[n, d]` over samples, summed over values."""
    return x.var(0).sum()
