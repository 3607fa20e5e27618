"""Better samples from a trained model: codes whose samples survive being encoded and decoded again.

Source: the published WAE code's "improved sampling", which "improved WAE" rows of comparisons mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from chimerae import noise
from chimerae.codec import Codec
from chimerae.errors import InputError
from chimerae.losses.reconstruction import squared_error
from chimerae.shapes import is_image

CHECK_EVERY = 50
"""Steps between two checks of the cost; the first check follows the first step."""
SETTLED = 0.1
"""Codes are left as they are once their cost changes by less than this share between two checks. Where it
rises by more they move on, as in the published code.
"""


@dataclass(frozen=True, kw_only=True)
class Improve:
    """Settings for improving samples: draw more codes than needed and keep the best, then move the codes."""

    reject: int = 1
    """Codes drawn for each sample; the one of least cost is kept; 1: no choice."""
    steps: int = 200
    """Most steps of Adam on the codes; 0: they stay where they were drawn."""
    lr: float = 1e-3
    """Rate of these steps; the published code takes that of its training."""
    batch_size: int = 100
    """Codes that are moved together."""

    @property
    def facts(self) -> dict[str, str | int | float]:
        """Protocol facts of samples whose codes were optimised with these settings."""
        return {
            "code": "improved",
            "improve_steps": self.steps,
            "improve_lr": self.lr,
            "improve_until": f"changes below {SETTLED:g}",
        }

    def __post_init__(self) -> None:
        for name, least in (("reject", 1), ("steps", 0), ("batch_size", 1)):
            if getattr(self, name) < least:
                raise InputError(f"improve.{name} = {getattr(self, name)}: give {least} or more")
        if not 0.0 < self.lr < float("inf"):
            raise InputError(f"improve.lr = {self.lr}: give a rate above 0")


PUBLISHED = Improve()
"""Settings of the published code."""
IMPROVED: Final = ", improved"
"""Ending of the names of networks whose codes were optimised."""


def cost(codec: Codec, z: Tensor, by: str) -> Tensor:
    """Change of the samples of codes `z` when they are encoded and decoded, one value each, `[n]`.

    `J(z) = sum (cn(x) - cn(y))^2` with `x = G(z)`, `y = G(E(x))` by the network called `by`. Contrast is
    divided out of images: `cn(x) = x / sqrt(Var(x) + 1e-8)`. Otherwise lower contrast would pass for
    progress. Noise beside the code is the same in both.
    """
    x = codec.method.decode(codec.nets, z)[by]
    with noise.placed(0, "improve"):  # for posteriors that are drawn: the same draws at every step
        y = codec.again(x, z, by)
    return squared_error(_contrast_normal(x), _contrast_normal(y))


def _contrast_normal(x: Tensor) -> Tensor:
    """Samples at unit contrast, their mean kept in proportion; points `[n, d]` as they are."""
    if not is_image(tuple(x.shape[1:])):
        return x
    variance = x.flatten(1).var(1, unbiased=False).view(-1, 1, 1, 1)
    return x / (variance + 1e-8).sqrt()


def best_of(codec: Codec, z: Tensor, by: str, how: Improve) -> Tensor:
    """The code of least cost among every `how.reject` codes of `z` `[n reject, d]`: `[n, d]`."""
    with codec.nets.evaluating():
        costs = torch.cat([cost(codec, part, by) for part in z.split(how.batch_size)])
    groups = torch.nan_to_num(costs, nan=float("inf")).view(-1, how.reject)
    best = groups.argmin(1, keepdim=True)[..., None].expand(-1, -1, z.shape[1])
    return z.view(-1, how.reject, z.shape[1]).gather(1, best)[:, 0]


def optimise_codes(codec: Codec, z: Tensor, by: str, how: Improve) -> Tensor:
    """Codes `[n, d]`, optimised from `z` downhill in `cost`; noise and all weights stay as they are."""
    return torch.cat([_optimise(codec, part, by, how) for part in z.split(how.batch_size)])


def _optimise(codec: Codec, z: Tensor, by: str, how: Improve) -> Tensor:
    d = codec.method.z_dim
    code, xi = z[:, :d].clone().requires_grad_(), z[:, d:]
    adam = torch.optim.Adam([code], lr=how.lr, betas=(0.9, 0.999))
    last = float("inf")
    with codec.nets.evaluating(), torch.enable_grad():
        for moved in range(how.steps):
            total = cost(codec, torch.cat([code, xi], 1), by).sum()
            if moved == 1 or (moved and moved % CHECK_EVERY == 0):
                now = total.item()
                if abs(now - last) < SETTLED * abs(last) < float("inf"):
                    break
                last = now
            (code.grad,) = torch.autograd.grad(total, code)
            adam.step()
    return torch.cat([code.detach(), xi], 1)
