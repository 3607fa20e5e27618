"""Measures of samples, reconstructions and codes by which the health rules judge a model that learns."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from chimerae.gaussian import Gaussian

USED_VARIANCE: Final = 0.01
"""A code dimension counts as used when its posterior mean has more than this variance over data."""
LEAST_NATS: Final = 0.05
"""`kl_ratio` is measured only when the KL per data sample is above this."""


def of_samples(samples: Tensor, x: Tensor) -> dict[str, float]:
    """`variety` and `offset` of samples `[m, d]` against data `[n, d]`.

    >>> import torch
    >>> x = torch.tensor([[0.0], [2.0]])
    >>> of_samples(torch.tensor([[3.0], [3.0]]), x)
    {'variety': 0.0, 'offset': 2.0}
    """
    spread = variance(x)
    offset = (samples.mean(0) - x.mean(0)).square().sum() / spread
    return {"variety": (variance(samples) / spread).item(), "offset": offset.item()}


def of_classes(samples: Tensor, y_fake: Tensor, x: Tensor, y: Tensor) -> dict[str, float]:
    """`class_variety`: variance of samples `[m, d]` within their classes over that of data `[n, d]`; empty
    where data have no two of a class, or do not vary within one. `y` `[n, N]` and `y_fake` `[m, N]` are
    one-hot.

    >>> import torch
    >>> x, y = torch.tensor([[0.0], [2.0], [8.0], [6.0]]), torch.eye(2).repeat_interleave(2, 0)
    >>> of_classes(0.5 * x, y, x, y), of_classes(x[::2].repeat_interleave(2, 0), y, x, y)
    ({'class_variety': 0.25}, {'class_variety': 0.0})
    """
    spread = _within(x, y)
    return {"class_variety": (_within(samples, y_fake) / spread).item()} if spread > 0 else {}


def _within(x: Tensor, y: Tensor) -> Tensor:
    """Pooled variance of `[n, d]` within classes, summed over values; 0 where no class has two samples."""
    y = y.to(x)
    counts = y.sum(0)
    means = (y.mT @ x) / counts.clamp(min=1)[:, None]
    return (x - y @ means).square().sum() / (len(x) - (counts > 0).sum()).clamp(min=1)


def of_pairs(rebuilt: Tensor, x: Tensor) -> dict[str, float]:
    """`rec_error` and `returned` of reconstructions against their originals, each `[n, d]`.

    `rec_error` is the squared error over the variance of the originals. `returned` is the slope of
    reconstructions over originals: the share of their differences that is reconstructed. A mean image has 1
    and 0.

    >>> import torch
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


def variance(x: Tensor) -> Tensor:
    """Variance of `[n, d]` over samples, summed over values."""
    return x.var(0).sum()
