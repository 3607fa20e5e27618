"""Samples that differ from what a model was trained on: errors of reconstruction, and their ranks."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from chimerae.model.labels import Labels, given_labels
from chimerae.model.model import Model


@dataclass(frozen=True)
class Strangeness:
    """Reconstructions of samples, and what is lost in them."""

    reconstructions: Tensor
    """`[n, *shape]`."""
    error: Tensor
    """Mean squared difference of a sample and its reconstruction, `[n]`; images lie in [0, 1]."""
    kl: Tensor
    """KL of the posterior to the prior in nats, `[n]`; NaN where posteriors have no density."""


def strangeness(
    model: Model, x: Tensor, *, labels: Labels | None = None, network: str | None = None, seed: int = 0
) -> Strangeness:
    """Reconstruct samples `x` `[n, *shape]` and measure what is lost.

    Args:
        model: a model with an encoder.
        x: images in [0, 1], or points.
        labels: labels of `x`, which a model that learnt with labels needs.
        network: the network that decodes; the first one when not given, which reconstructs most exactly
            where a method has two.
        seed: seed of codes that are drawn.

    Raises:
        NoEncoder: the method has no encoder.
        InputError: labels are missing or do not fit.
    """
    y = given_labels(model.method, labels, len(x), model.label_names)
    q = model.encode(x, labels=y, seed=seed)
    made = model.reconstruct(x, labels=y, network=network or model.decoders[0], seed=seed)
    few = None if y is None else y[:2]
    first, again = (model.encode(x[:2], labels=few, seed=seed + i).mu for i in range(2))
    implicit = not torch.equal(first, again)
    kl = torch.full((len(x),), float("nan")) if implicit or q.is_point else q.kl().float()
    return Strangeness(made, (made - x).square().flatten(1).mean(1), kl)


def ranks(values: Tensor, usual: Tensor) -> Tensor:
    """Share of `usual` `[m]` that is smaller than each of `values` `[n]`; 1 is beyond all of them.

    >>> ranks(torch.tensor([0.0, 2.5, 9.0]), torch.tensor([1.0, 2.0, 3.0, 4.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    found = torch.searchsorted(usual.sort().values, values.contiguous()) / len(usual)
    return torch.where(values.isnan(), values, found.to(values))


def bound(usual: Tensor, share: float) -> float:
    """The smallest of the values `usual` that at most `1 - share` of them exceed.

    >>> bound(torch.arange(1.0, 101.0), 0.95), bound(torch.arange(1.0, 11.0), 1.0)
    (95.0, 10.0)
    """
    ordered = usual.sort().values
    allowed = int((1 - share) * len(ordered) + 1e-9)
    return float(ordered[len(ordered) - 1 - min(allowed, len(ordered) - 1)])
