"""AVAE's latent losses: distances from the code of a generated sample to the code that made it, `[B]`.

`q` is the posterior of the generated samples, with one `sigma` `[z]` for all of them. `z` `[B, z]` are the
codes that made them. `sigma` is a constant here: these losses move only the generator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor

from chimerae.gaussian import Gaussian
from chimerae.parallel import count

LatentLoss = Literal["paper_a", "paper_b", "official", "normalised"]


def latent_a(q: Gaussian, z: Tensor) -> Tensor:
    """`1/2 sum_j ((mu_j - z_j) / sigma_j)^2` (AVAE paper, equation 12: L^a).

    >>> latent_a(Gaussian(torch.tensor([[1.0]]), torch.zeros(1)), torch.tensor([[3.0]]))
    tensor([2.])
    """
    return 0.5 * ((q.mu - z) / q.sigma).square().sum(1)


def latent_b(q: Gaussian, z: Tensor) -> Tensor:
    """`1/2 sum_j ((mu_j - sqrt(1 - sigma_j^2) z_j) / sigma_j)^2` (AVAE paper, equation 16: L^b).

    The target has the law of `mu(x)` when the aggregate posterior is the prior: it demands no more of
    generated samples than the data fulfil. Where `sigma` is 1 or more, the target is 0.
    """
    return latent_a(q, mean_scale(q) * z)


def latent_official(q: Gaussian, z: Tensor) -> Tensor:
    """`B sum_j w_j 1/2 (mu_j - z_j)^2` with precisions as weights, `w_j ~ 1 / sigma_j^2`, `sum_j w_j = 1`.

    The published code's weighting: its batch *sum* makes it `B / sum_j sigma_j^-2` times L^a.
    """
    weights = torch.softmax(-q.logvar, -1)
    return count(len(z)) * 0.5 * (weights * (q.mu - z).square()).sum(1)


def latent_normalised(q: Gaussian, z: Tensor) -> Tensor:
    """`1/2 sum_j w_j (mu_j - z_j)^2` with precisions `w_j ~ 1 / sigma_j^2` whose mean over dimensions is 1.

    The published code's weights on another scale. Images that carry no information on their code cost about
    one nat a dimension, for every batch size; their L^a grows without bound as sigma falls. Not in the paper.

    >>> latent_normalised(Gaussian(torch.tensor([[1.0, 0.0]]), torch.zeros(2)), torch.tensor([[3.0, 0.0]]))
    tensor([2.])
    """
    weights = q.logvar.shape[-1] * torch.softmax(-q.logvar, -1)
    return 0.5 * (weights * (q.mu - z).square()).sum(1)


def mean_scale(q: Gaussian) -> Tensor:
    """`sqrt(1 - sigma^2)`, the deviation of posterior means when codes are standard normal; 0 where sigma >=
    1.
    """
    return (1.0 - q.variance).clamp(min=0.0).sqrt()


LATENT_LOSSES: Mapping[LatentLoss, Callable[[Gaussian, Tensor], Tensor]] = {
    "paper_a": latent_a,
    "paper_b": latent_b,
    "official": latent_official,
    "normalised": latent_normalised,
}
