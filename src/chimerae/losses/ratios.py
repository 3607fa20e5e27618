"""Games whose best critic is the logarithm of a density ratio; their value is then a divergence.

For laws A and B, `max_T  E_A[T] - E_B[exp T] + 1 = KL(A || B)`, reached at `T = log A/B`, because
`a log t - b t` is largest at `t = a / b`. Source: Nguyen et al. 2010; f-GAN (Nowozin et al. 2016), its row
"KL" with `V = T + 1`; its row "reverse KL" with `U = -T` and the two laws exchanged. Values are per sample,
`[B]`; `t_a` and `t_b` are the critic's outputs on samples of A and of B.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn.functional import softplus

Ratio = Literal["fgan", "logistic"]


def bounded_exp(t: Tensor, clamp: float) -> Tensor:
    """`exp t` up to `clamp`, its tangent beyond, so that slopes are at most `exp clamp`.

    A plain clamp has no slope beyond `clamp`: a critic that is too high would stay too high.

    >>> import torch
    >>> bounded_exp(torch.tensor([0.0, 1.0, 3.0]), 1.0).div(torch.e).round(decimals=3)
    tensor([0.3680, 1.0000, 3.0000])
    """
    return t.clamp(max=clamp).exp() * (1.0 + (t - clamp).clamp(min=0.0))


def fgan(t_a: Tensor, t_b: Tensor, clamp: float) -> Tensor:
    """Critic's cost `-T(a) + exp T(b) - 1`: minus a lower bound of KL(A || B). T above `clamp` gains
    nothing.

    >>> import torch
    >>> fgan(torch.tensor([0.5]), torch.tensor([0.0]), 10.0)
    tensor([-0.5000])
    """
    return bounded_exp(t_b, clamp) - t_a.clamp(max=clamp) - 1.0


def logistic(t_a: Tensor, t_b: Tensor, clamp: float) -> Tensor:
    """Critic's cost `sp(-T(a)) + sp(T(b))`: the same best critic, and slopes of at most 1 (`clamp` is
    unused).

    >>> import torch
    >>> logistic(torch.zeros(1), torch.zeros(1), 10.0)
    tensor([1.3863])
    """
    return softplus(-t_a) + softplus(t_b)


RATIOS: Mapping[Ratio, Callable[[Tensor, Tensor, float], Tensor]] = {"fgan": fgan, "logistic": logistic}


@dataclass(frozen=True)
class Game:
    """A critic of two laws and the divergence that it estimates: KL(first || second), or KL(second || first)
    when `swapped`.

    >>> import torch
    >>> t, u = torch.tensor([0.5]), torch.tensor([0.0])
    >>> game = Game("fgan", 10.0)
    >>> game.of_first(t) + game.of_second(u), game.cost(t, u)
    (tensor([0.5000]), tensor([-0.5000]))
    """

    ratio: Ratio
    clamp: float
    swapped: bool = False

    def cost(self, t_first: Tensor, t_second: Tensor) -> Tensor:
        """Cost that the critic minimises."""
        a, b = (t_second, t_first) if self.swapped else (t_first, t_second)
        return RATIOS[self.ratio](a, b, self.clamp)

    def of_first(self, t: Tensor) -> Tensor:
        """Share in the divergence of samples of the first law; the player that draws them minimises it."""
        return self._of_b(t) if self.swapped else t

    def of_second(self, t: Tensor) -> Tensor:
        """Share in the divergence of samples of the second law."""
        return t if self.swapped else self._of_b(t)

    def log_ratio(self, t: Tensor) -> Tensor:
        """The critic's `log(first / second)`."""
        return -t if self.swapped else t

    def _of_b(self, t: Tensor) -> Tensor:
        return 1.0 - bounded_exp(t, self.clamp)
