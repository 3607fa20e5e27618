"""Agreement of a classifier's classes for a reconstruction and its original."""

from __future__ import annotations

from torch import Tensor


def same_class(a: Tensor, b: Tensor) -> Tensor:
    """1 where the largest of the logits `a` and `b` `[B, classes]` stands in the same place, else 0: `[B]`.

    >>> import torch
    >>> same_class(torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.tensor([[9.0, 0.0], [1.0, 0.0]]))
    tensor([1., 0.], dtype=torch.float64)
    """
    return (a.flatten(1).argmax(1) == b.flatten(1).argmax(1)).double()
