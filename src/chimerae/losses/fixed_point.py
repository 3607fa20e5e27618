"""A term that pushes a generator towards samples that an autoencoder leaves unchanged."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def fixed_point(
    x_fake: Tensor, again: Callable[[Tensor], Tensor], cost: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """`a = cost(x_fake, again(x_fake))`, `[B]`, with a gradient through `x_fake` only.

    The weights that made `x_fake` get a gradient; those of the networks in `again` get none.
    Source: the published WAE code's `sg(a) + a - c` with `c` the cost of `x_fake` as a constant.

    >>> w = torch.tensor(2.0, requires_grad=True)
    >>> a = fixed_point(w * torch.ones(1, 1), lambda x: 0.5 * x, lambda x, y: (x - y).square().sum(1))
    >>> a, torch.autograd.grad(a.sum(), w)[0]
    (tensor([1.], grad_fn=<AddBackward0>), tensor(1.))
    """
    made = x_fake.detach().requires_grad_()
    a = cost(made, again(made))
    (slope,) = torch.autograd.grad(a.sum(), made)
    return a.detach() + ((x_fake - made.detach()) * slope).flatten(1).sum(1)
