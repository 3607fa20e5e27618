"""Directions along which codes are moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Directions:
    """Orthonormal directions in the space of codes, with the places of codes along them."""

    mean: Tensor
    """`[z]`, place 0 of every direction."""
    axes: Tensor
    """`[z, k]`."""
    deviations: Tensor
    """`[k]`, unit of the places."""
    about: str
    """Their origin in one sentence."""

    def __len__(self) -> int:
        return self.axes.shape[1]

    def places(self, z: Tensor) -> Tensor:
        """Places `[n, k]` of codes `[n, z or more]`."""
        return (z[:, : len(self.mean)] - self.mean) @ self.axes / self.deviations

    def moved(self, z: Tensor, to: Mapping[int, float]) -> Tensor:
        """Codes `z` `[n, z or more]`, moved to the places `to` along directions; other places stay, and so
        does noise beside the code. Directions beyond the last one are left out.
        """
        known = [axis for axis in to if axis < len(self)]
        wanted = torch.tensor([to[axis] for axis in known])
        gap = (wanted - self.places(z)[:, known]) * self.deviations[known]
        shift = gap @ self.axes[:, known].T
        return torch.cat([z[:, : len(self.mean)] + shift, z[:, len(self.mean) :]], 1)
