"""Measurements of a model's own samples and reconstructions while it learns, for the health rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.codec import Codec
from chimerae.methods import Method
from chimerae.nets import Nets
from chimerae.training.measures import of_classes, of_codes, of_pairs, of_samples, variance

CODES: Final = 64
"""Number of prior codes to decode, and of data samples to reconstruct."""
FEWEST: Final = 8
"""Fewest data samples with a meaningful variance; with fewer nothing is measured."""
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
    labels: Tensor | None = None
    """Labels `[n, N]` of `data`, for networks that take some. Samples have them too."""

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
        if len(x) < FEWEST or not variance(real) > 0:
            return {}
        with nets.evaluating(), noise.seeded(self.seed, "probe"):
            z = noise.normal(CODES, self.method.z_dim + self.method.noise_dim, like=x)
            y = None if self.labels is None else self.labels[: len(x)].to(z)
            asked = None if y is None else y.repeat(-(-CODES // len(y)), 1)[:CODES]
            z = z if asked is None else self.method.with_labels(z, asked)
            samples = self._decoded(nets, z, progress)
            made = _rows(codec.outwards(samples))
            values = of_samples(made, real) if self.method.generates else {}
            if y is not None and asked is not None and self.method.generates:
                values |= of_classes(made, asked.cpu(), real, y.cpu())
            biggest = samples.abs().max()
            if self.method.encodes:
                q = self.method.encode(nets.labelled(y), x)
                q_fake = self.method.encode(self.method.parted(nets, z)[0], samples)
                rebuilt = self._decoded(nets.labelled(y), codec.code(q), progress)
                values |= of_pairs(_rows(codec.outwards(rebuilt)), real)
                of_both = of_codes(q, q_fake, z[:, : self.method.z_dim])
                values |= of_both if self.method.generates else {"used_codes": of_both["used_codes"]}
                biggest = torch.stack([biggest, rebuilt.abs().max(), q.mu.abs().max()]).max()
        return values | {"biggest": biggest.item()}

    def _decoded(self, nets: Nets, z: Tensor, progress: float) -> Tensor:
        """Samples from the network that generates, or, before it begins to learn, from the first decoder."""
        if progress > self.method.generates_from:
            return self.method.generate(nets, self.method.with_noise(z))
        nets, z = self.method.parted(nets, z)
        first: Tensor = getattr(nets, self.method.decoders[0])(z[:, : self.method.z_dim])
        return first


def _rows(x: Tensor) -> Tensor:
    """Values `[n, d]` of samples in float64 on the CPU."""
    return x.detach().flatten(1).cpu().double()
