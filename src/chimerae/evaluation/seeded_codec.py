"""A model prepared for evaluation: unit range in and out, noise that depends on the sample alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from chimerae import noise
from chimerae.codec import Codec
from chimerae.data import Split
from chimerae.gaussian import Gaussian
from chimerae.labels import placed, weights
from chimerae.methods import Method
from chimerae.metrics import Posterior
from chimerae.shapes import Shape, describe


def noise_rows(start: int, stop: int, d: int, *parts: int | str) -> Tensor:
    """Standard normal rows `start` to `stop`, `[stop - start, d]`; a row depends on its number alone."""
    return noise.rows(start, stop, d, "evaluation", *parts)


def spread(total: int, n: int | None) -> Tensor:
    """`n` indices evenly spread over `total` samples (all when `n` is None or larger), in order.

    Sets are often sorted by class, so the first `n` would not represent them.

    >>> spread(10, 4).tolist(), len(spread(3, None))
    ([0, 2, 5, 7], 3)
    """
    count = total if n is None else min(n, total)
    return torch.arange(count) * total // max(count, 1)


def pieces(n: int, size: int) -> Iterator[tuple[int, int]]:
    """Ranges that cut `n` samples into batches of at most `size`, as equal as possible.

    A last batch of one sample would have no statistics for BatchNorm.

    >>> list(pieces(9, 4))
    [(0, 3), (3, 6), (6, 9)]
    """
    count = -(-n // size)
    for i in range(count):
        yield i * n // count, (i + 1) * n // count


def part(labels: Tensor | None, start: int, stop: int) -> Tensor | None:
    """Labels `start` to `stop`; None where there are none."""
    return None if labels is None else labels[start:stop]


@dataclass(frozen=True)
class SeededCodec(Codec):
    """A codec whose noise depends on the sample's number alone. Values that are not finite become NaN."""

    seed: int
    batch_size: int
    frequencies: Tensor | None = None
    """Frequencies `[N]` of the classes among samples, for networks that take labels; None: equal ones."""

    @property
    def code_kind(self) -> str | None:
        """Kind of reconstruction codes, where the method states it."""
        if type(self.method).reconstruction_code is Method.reconstruction_code:
            return "sample"
        kind = getattr(self.method, "recon_code", None)
        return None if kind is None else str(kind)

    def codes(self, x: Tensor, start: int, y: Tensor | None = None) -> Tensor:
        """Codes with noise `[B, z_dim + noise_dim]`, and labels behind it where networks take some, that
        reconstruct `x`, the samples from `start` on; their labels are `y` `[B]`, which others ignore.
        """
        stop = start + len(x)
        q = self._encoded(x, start, "encode", y)
        z = self.code(q, self._rows(start, stop, self.method.z_dim, "eps"))
        return self.with_noise(z, start, "xi", y)

    def posterior(self, x: Tensor, start: int, what: str, y: Tensor | None = None) -> Tensor:
        """A draw from the posterior of each of `x`, the samples from `start` on, `[B, z_dim]` on the CPU.

        Each value of `what` gives its own draws.
        """
        return self.described(x, start, what, y)[0]

    def described(
        self, x: Tensor, start: int, what: str, y: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """`posterior`, the means of the posteriors and their KL to the prior in nats, `[B, z_dim]` each."""
        q = self._encoded(x, start, what, y)
        z = q.sample(self._rows(start, start + len(x), self.method.z_dim, f"posterior {what}"))
        return z.float().cpu(), q.mu.float().cpu(), q.kl_per_dim().float().cpu()

    def posterior_kind(self, split: Split) -> Posterior:
        """Kind of the encoder's posterior, determined on two samples of `split`; "density" without an encoder
        or samples that it can encode.
        """
        if not self.method.encodes or len(split) < 2 or self.cannot_encode():
            return "density"
        x, y = split.take(range(2)), split.labels_of(range(2))
        first, again = (self._encoded(x, 0, f"kind {i}", y) for i in range(2))
        if not torch.allclose(first.mu, again.mu, rtol=1e-4, atol=1e-6, equal_nan=True):
            return "implicit"
        return "point" if first.is_point else "density"

    def count(self, n: int) -> int:
        """The number of samples that can be drawn, of `n` that are wanted."""
        return n

    def prior(self, start: int, stop: int) -> Tensor:
        """Prior codes with noise `[stop - start, z_dim + noise_dim]`, and labels where networks take some."""
        return self.with_noise(self._rows(start, stop, self.method.z_dim, "z"), start, "xi of z")

    def with_noise(self, z: Tensor, start: int, what: str, y: Tensor | None = None) -> Tensor:
        """`z` `[B, z_dim]`, followed by the noise of samples `start` and on where the method takes any, and
        by labels where networks take some: those of `y` `[B]`, by default draws by `frequencies`.
        """
        stop, classes = start + len(z), self.method.label_dim
        if self.method.noise_dim:
            z = torch.cat([z, self._rows(start, stop, self.method.noise_dim, what)], 1)
        if not classes:
            return z
        if y is None:
            share = torch.special.ndtr(noise_rows(start, stop, 1, self.seed, f"label, {what}"))[:, 0]
            y = placed(share, torch.ones(classes) if self.frequencies is None else self.frequencies)
        return self.method.with_labels(z, weights(y, classes))

    def outwards(self, x: Tensor) -> Tensor:
        """Images clipped to [0, 1] or points, NaN where they were not finite."""
        x = super().outwards(torch.where(x.isfinite(), x, torch.nan))
        return x.cpu() if x.device.type == "mps" else x  # MPS has no float64

    def decode_all(self, z: Tensor) -> dict[str, Tensor]:
        """`decode` of many codes, in batches."""
        parts = [self.decode(z[a:b]) for a, b in pieces(len(z), self.batch_size)]
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def misfits(self) -> dict[str, str]:
        """The reason, by network, why its samples cannot be compared with the data ('' when they can)."""
        made = self.decode(self.prior(0, 2))
        return {name: self._misfit(tuple(x.shape[1:])) for name, x in made.items()}

    def cannot_encode(self) -> str:
        """Reason the data cannot be encoded: no network makes samples of their shape; '' when they can."""
        misfits = self.misfits()
        return by_reason(misfits) if all(misfits.values()) else ""

    def _misfit(self, shape: Shape) -> str:
        if shape == self.shape:
            return ""
        return f"it makes {describe(shape)}, the data are {describe(self.shape)}; prepare them as in training"

    def _encoded(self, x: Tensor, start: int, what: str, y: Tensor | None) -> Gaussian:
        with noise.placed(start, "evaluation", self.seed, what):  # for posteriors that are drawn
            return self.encode(x, weights(y, self.method.label_dim))

    def _rows(self, start: int, stop: int, d: int, what: str) -> Tensor:
        return noise_rows(start, stop, d, self.seed, what).to(self.device)


def not_finite(x: Tensor) -> int:
    """Number of samples of `x` `[B, ...]` with a value that is not finite."""
    return int((~x.flatten(1).isfinite()).any(1).sum())


def by_reason(problems: Mapping[str, str]) -> str:
    """Problems of networks in one line.

    >>> by_reason({"decoder": "no", "generator": "no"}), by_reason({"decoder": ""})
    ('decoder: no; generator: no', '')
    """
    return "; ".join(f"{name}: {reason}" for name, reason in problems.items() if reason)


def joined(*reasons: str) -> str:
    """Reasons in one line, empty ones left out.

    >>> joined("", "decoder: no", "generator: no"), joined("", "")
    ('decoder: no; generator: no', '')
    """
    return "; ".join(reason for reason in reasons if reason)
