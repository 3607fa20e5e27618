"""Distances between sets of codes, one number for two whole sets: kernels, moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from chimerae.errors import InputError
from chimerae.parallel import everyone

Scales = Literal["single", "seven"]
SCALES: Mapping[Scales, Sequence[float]] = {
    "single": (1.0,),
    "seven": (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
}
"""Factors of the kernel's constant, summed over: those of WAE's paper, and of its published code."""


def imq(a: Tensor, b: Tensor, scales: Sequence[float], sigma2: float = 1.0) -> Tensor:
    """Inverse multiquadratics `sum_s C_s / (C_s + ||a_i - b_j||^2)`, `[n, m]`, of `a` `[n, d]`, `b` `[m, d]`.

    `C_s = 2 d sigma2 s`: at `s = 1` the expected squared distance of two draws from N(0, sigma2 I). Source:
    Tolstikhin et al. 2018 (WAE), section 4.

    >>> imq(torch.zeros(1, 2), torch.tensor([[0.0, 2.0]]), SCALES["single"])
    tensor([[0.5000]])
    """
    distance = (a[:, None] - b).square().sum(2)
    c = 2.0 * a.shape[1] * sigma2
    return torch.stack([c * s / (c * s + distance) for s in scales]).sum(0)


def mmd(p: Tensor, q: Tensor, scales: Sequence[float], sigma2: float = 1.0) -> Tensor:
    """Squared maximum mean discrepancy of two sets of codes `[n, d]` under `imq`, a scalar.

    A U-statistic: pairs of a code with itself are left out, so it is unbiased, and at times below zero.
    Where processes share a batch, each takes the pairs of its own codes with everyone's, and the distance is
    the mean over the processes. Source: WAE, algorithm 2.

    Raises:
        InputError: fewer than two codes.

    >>> same = torch.tensor([[0.0], [1.0]])
    >>> mmd(same, same, SCALES["single"])
    tensor(-0.3333)
    """
    all_p, all_q = everyone(p), everyone(q)
    n = len(all_p)
    if n < 2:
        raise InputError("a kernel distance needs 2 codes or more; lower --training.grad-accumulation")
    within = imq(p, all_p, scales, sigma2) + imq(q, all_q, scales, sigma2)
    alone = 2.0 * len(scales) * len(p)  # a pair of a code with itself counts 1 for each scale
    pairs = (within.sum() - alone) / (len(p) * (n - 1))
    return pairs - 2.0 * imq(p, all_q, scales, sigma2).mean()


def moment_gap(p: Tensor, q: Tensor) -> Tensor:
    """Mean squared difference of the means plus that of the covariances of two sets `[n, d]`, a scalar.

    The published WAE code pre-trains its encoder with it.

    >>> moment_gap(torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [3.0]]))
    tensor(1.)
    """
    p, q = everyone(p), everyone(q)
    means = (p.mean(0) - q.mean(0)).square().mean()
    return means + (_covariance(p) - _covariance(q)).square().mean()


def _covariance(z: Tensor) -> Tensor:
    centred = z - z.mean(0)
    return centred.T @ centred / max(len(z) - 1, 1)
