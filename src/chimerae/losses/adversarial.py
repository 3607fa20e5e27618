"""Games between a critic's logit `c` (> 0 means real) and a generator, one value per sample `[B]`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import log_softmax, softplus

GeneratorLoss = Literal["non_saturating", "saturating", "linear"]


def log_probability(c: Tensor, offset: float = 0.0) -> Tensor:
    """`log(P(real) + offset)`; with an offset it is bounded, and has no slope where P(real) is far below.

    >>> import torch
    >>> log_probability(torch.tensor([0.0, -99.0]), 1e-3)
    tensor([-0.6911, -6.9078])
    """
    if not offset:
        return -softplus(-c)
    return torch.logaddexp(-softplus(-c), c.new_tensor(log(offset)))


def logistic_real(c: Tensor, offset: float = 0.0) -> Tensor:
    """Critic's cost of real samples: `-log(P(real) + offset)`.

    >>> import torch
    >>> logistic_real(torch.tensor([0.0]))
    tensor([0.6931])
    """
    return -log_probability(c, offset)


def logistic_fake(c: Tensor, offset: float = 0.0) -> Tensor:
    """Critic's cost of generated samples: `-log(P(fake) + offset)`.

    >>> import torch
    >>> logistic_fake(torch.tensor([0.0]))
    tensor([0.6931])
    """
    return -log_probability(-c, offset)


def non_saturating(c: Tensor, offset: float = 0.0) -> Tensor:
    """Generator's cost `-log(P(real) + offset)` of its samples (Goodfellow et al. 2014, section 3, the
    practical form).
    """
    return -log_probability(c, offset)


def saturating(c: Tensor, offset: float = 0.0) -> Tensor:
    """Generator's cost `log(P(fake) + offset)` of its samples (Goodfellow et al. 2014, equation 1)."""
    return log_probability(-c, offset)


def linear(c: Tensor, offset: float = 0.0) -> Tensor:
    """Generator's cost `-c`: with an optimal logistic critic, the reverse KL (AVAE paper, equation 15).
    It has no logarithm for an offset.

    >>> import torch
    >>> linear(torch.tensor([2.0]))
    tensor([-2.])
    """
    return -c


def probability(c: Tensor) -> Tensor:
    """Generator's cost `-P(real)`: bounded on both sides, without slope where the critic is sure (ALICE's
    code).
    """
    return -c.sigmoid()


def outcome_cost(logits: Tensor, outcome: int) -> Tensor:
    """Cross-entropy `-log P(outcome)` of a critic of several outcomes with `logits` `[B, outcomes]`, `[B]`.

    >>> import torch
    >>> outcome_cost(torch.zeros(1, 3), 2)
    tensor([1.0986])
    """
    return -log_softmax(logits, 1)[:, outcome]


def log_odds(logits: Tensor, outcome: int) -> Tensor:
    """`log(P(outcome) / (1 - P(outcome)))` of a critic with `logits` `[B, outcomes]`, `[B]`.

    >>> import torch
    >>> log_odds(torch.tensor([[1.0, 2.0]]), 1)
    tensor([1.])
    """
    others = torch.cat([logits[:, :outcome], logits[:, outcome + 1 :]], 1)
    return logits[:, outcome] - others.logsumexp(1)


GENERATOR_LOSSES: Mapping[GeneratorLoss, Callable[..., Tensor]] = {
    "non_saturating": non_saturating,
    "saturating": saturating,
    "linear": linear,
}
