"""Games in which an encoder's own energy tells data from generated samples, one value per sample `[B]`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

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
