"""Games in which an encoder's own energy tells data from generated samples, one value per sample `[B]`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor

from chimerae.parallel import average

Hinge = Literal["per_sample", "batch_mean"]


def hinge_per_sample(kl: Tensor, m: float) -> Tensor:
    """`max(m - KL_i, 0)` of each sample, `[B]` (IntroVAE paper, equation 5).

    >>> import torch
    >>> hinge_per_sample(torch.tensor([1.0, 5.0]), 2.0)
    tensor([1., 0.])
    """
    return (m - kl).clamp(min=0.0)


def hinge_batch_mean(kl: Tensor, m: float) -> Tensor:
    """`max(m - mean KL, 0)`, the same for every sample, `[B]` (IntroVAE's published code).

    >>> import torch
    >>> hinge_batch_mean(torch.tensor([1.0, 5.0]), 2.0)
    tensor([0., 0.])
    """
    return hinge_per_sample(average(kl.mean()), m).expand_as(kl)


HINGES: Mapping[Hinge, Callable[[Tensor, float], Tensor]] = {
    "per_sample": hinge_per_sample,
    "batch_mean": hinge_batch_mean,
}

ALPHA = 2.0
"""Soft-IntroVAE's exponent; the paper and all its experiments have 2."""
CLOSEST = 1e-6
"""Smallest distance of `balancing_weight`'s equation from the case in which it has one solution."""
LOWEST = -30.0
"""Lower bound of exponents. Smaller exponentials vanish in float32 beside the other terms. They also fill
the backward pass with denormal numbers, which made steps ten times slower on a CPU.
"""


def exp_elbo(energy: Tensor) -> Tensor:
    """`exp(-alpha energy)` with alpha = 2, `[B]`: how strongly each sample is still pushed away.

    1 where a sample costs the encoder nothing, 0 where it is repelled already (Soft-IntroVAE paper,
    equation 3). Its mean times `1 / alpha` enters the encoder's loss. Its floor is e^-30, without a slope.

    >>> import torch
    >>> exp_elbo(torch.tensor([0.0, 0.5]))
    tensor([1.0000, 0.3679])
    """
    return (-ALPHA * energy).clamp(min=LOWEST).exp()


@torch.no_grad()
def balancing_weight(kl: Tensor, pull: float, rec: Tensor) -> Tensor:
    """Weight `e` of the KL in the encoder's exponent that balances the game at a KL of `kl` nats; no slope.

    The decoder lowers the KL of samples with the weight `pull`. The encoder raises it with `e exp(-(r + 2 e
    KL))`, the slope of `exp_elbo / 2`, where `r` is the part of their reconstruction. At KL `K` both are
    equal if `y = 2 e K` solves `y - ln y = -ln(2 K pull) - r`; of two solutions the larger one is stable.
    Newton's steps from the bound of Chatzigeorgiou 2013 (arXiv 1601.04895) on the Lambert function find it.
    Where nothing solves it, because the decoder pulls too strongly, `y` is 1: the encoder pushes as much as
    it can.

    Args:
        kl: `K`, positive, in nats, of any shape.
        pull: `s beta_kl`, positive.
        rec: `r`, twice the reconstruction's part of the energy, of a shape that broadcasts with `kl`.

    >>> e = balancing_weight(torch.tensor(70.0), pull=0.75 / 3072, rec=torch.tensor(0.25))
    >>> round(float(1 / e), 1)
    30.0
    """
    v = (-(2 * kl * pull).log() - rec - 1).clamp(min=CLOSEST)
    y = 1 + (2 * v).sqrt() + v
    for _ in range(4):
        y = y - (y - y.log() - 1 - v) / (1 - 1 / y)
    return y / (2 * kl)
