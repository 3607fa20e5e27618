"""Penalties on the gradient of a critic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from chimerae import noise


def gradient_penalty(critic: Callable[[Tensor], Tensor], x: Tensor, x_fake: Tensor) -> Tensor:
    """`(||grad c(u)|| - 1)^2` at `u = x + a (x_fake - x)`, `a ~ U(0, 1)` one number per sample, `[B]`.

    The norm is taken over all values of a sample, so the critic must treat samples independently (no
    BatchNorm). Source: Gulrajani et al. 2017 (WGAN-GP), equation 3.
    """
    a = noise.uniform(len(x), like=x).view(-1, *[1] * (x.dim() - 1))
    u = torch.lerp(x.detach(), x_fake.detach(), a).requires_grad_()
    (slope,) = torch.autograd.grad(critic(u).sum(), u, create_graph=True)
    norm = (slope.float().flatten(1).square().sum(1) + 1e-12).sqrt()
    return (norm - 1.0).square()


def squared_slope(c: Tensor, *inputs: Tensor) -> Tensor:
    """`||grad c||^2`, `[B]`, of a critic's answers `c` `[B]` with respect to its inputs (R1).

    `inputs` are `[B, ...]` each and require a gradient; the squared norm is taken over all of them. The slope
    is a sample's own where the critic treats samples independently; with BatchNorm it is that of the batch's
    sum. Source: Mescheder et al. 2018, without its factor 1/2.

    >>> x = torch.ones(2, 3, requires_grad=True)
    >>> squared_slope(2.0 * x.sum(1), x).tolist()
    [12.0, 12.0]
    """
    slopes = torch.autograd.grad(c.sum(), inputs, create_graph=True)
    return torch.stack([slope.flatten(1).square().sum(1) for slope in slopes]).sum(0)


@dataclass(frozen=True)
class R1:
    """Zero-centred penalty on a critic's slope at data, taken on every `every`-th step with `every` times the
    weight.

    It keeps a critic from running ahead, since growing logits need a slope. Source: Mescheder et al. 2018,
    equation 9; the rare steps (lazy regularisation) are Karras et al.'s (2020, appendix B).
    """

    weight: float
    """`gamma`; 0: no penalty."""
    every: int = 1
    logit: Callable[[Tensor], Tensor] = lambda c: c
    """Logit `[B]` of "data" from the critic's output, where that is not the logit itself."""

    def due(self, step: int) -> bool:
        """True when the penalty is taken at this step."""
        return self.weight > 0 and step % self.every == 0

    def __call__(self, critic: Critic, step: int, *inputs: Tensor) -> tuple[Any, Tensor]:
        """Answer of a `Network` to `inputs`, and the penalty `every gamma / 2 ||grad c||^2`, `[B]`.

        The critic's answer is its output, or a tuple that begins with it. Gradients flow through the inputs
        as without the penalty.
        """
        if not self.due(step):
            answer = critic(*inputs)
            return answer, torch.zeros_like(self._logit(answer))
        seen = tuple(x if x.requires_grad else x.detach().requires_grad_() for x in inputs)
        answer = critic.in_float32(*seen)
        return answer, 0.5 * self.weight * self.every * squared_slope(self._logit(answer), *seen)

    def _logit(self, answer: Any) -> Tensor:
        return self.logit(answer[0] if isinstance(answer, tuple) else answer)


class Critic(Protocol):
    """A critic, in the run's precision or in float32."""

    def __call__(self, *inputs: Tensor) -> Any:
        """Apply it."""
        ...

    def in_float32(self, *inputs: Tensor) -> Any:
        """Apply it in float32."""
        ...
