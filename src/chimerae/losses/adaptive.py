"""Weights that follow from gradients."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from chimerae.parallel import average

LEAST = 1e-4
"""Added to the denominator, as in the published code."""
MOST = 1e4
"""Upper bound of the weight."""


def gradient_ratio(rec: Tensor, game: Tensor, decoder: nn.Module) -> Tensor:
    """Weight at which `game` pulls as hard as `rec`: a scalar without gradient.

    Both are scalars that depend on `decoder`; their gradients are compared at its last weight (a parameter of
    two dimensions or more). Source: Esser et al. 2021 (arXiv 2012.09841), equation 7.

    >>> layer = nn.Linear(1, 1, bias=False)
    >>> out = layer(torch.ones(1, 1)).sum()
    >>> round(gradient_ratio(6.0 * out, 2.0 * out, layer).item(), 2)
    3.0
    """
    last = [p for p in decoder.parameters() if p.ndim > 1][-1]
    (of_rec,), (of_game,) = (torch.autograd.grad(loss, last, retain_graph=True) for loss in (rec, game))
    of_rec, of_game = average(of_rec), average(of_game)  # gradients of the whole batch
    ratio: Tensor = of_rec.norm() / (of_game.norm() + LEAST)
    return ratio.clamp(max=MOST).detach()
