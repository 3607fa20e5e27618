"""Features of a set of images, kept one by one for metrics that compare each with its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

import torch
from torch import Tensor

from chimerae.errors import InputError
from chimerae.metrics.precision_recall import Neighbourhoods, neighbourhoods

MOST: Final = 10_000
"""Images whose features are kept; further ones are left out. Naeem et al. 2020 take as many."""


@dataclass(eq=False)
class FeatureBank:
    """Features of the first 10,000 images, `[n, d]`."""

    stored_as: ClassVar[str] = "Kept"

    n: int = 0
    room: Tensor | None = None
    """Room for all features, `[10000, d]`; unfilled rows take no memory."""
    _beside: dict[FeatureBank, Neighbourhoods] = field(default_factory=dict, repr=False)

    def add(self, features: Tensor) -> None:
        """Take in features `[B, d]`, as many as there is room for."""
        if self.room is None:
            self.room = torch.empty(MOST, features.shape[1])
        rows = features[: MOST - self.n]
        self.room[self.n : self.n + len(rows)] = rows
        self.n += len(rows)

    def tensors(self) -> Mapping[str, Tensor]:
        """All that it holds."""
        return {} if self.room is None else {"rows": self.room[: self.n]}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Restore what `tensors` gave, for comparison only."""
        self.room, self.n = tensors["rows"], len(tensors["rows"])

    def rows(self) -> Tensor:
        """All features, `[n, d]`, float32.

        Raises:
            InputError: there are none, or they are not finite.
        """
        if self.room is None or self.n == 0:
            raise InputError("no image was seen")
        if not bool(self.room[: self.n].isfinite().all()):
            raise InputError("features are not finite")
        return self.room[: self.n]

    def beside(self, real: FeatureBank) -> Neighbourhoods:
        """These samples among the images `real`; computed once.

        Raises:
            InputError: there are too few of either.
        """
        if real not in self._beside:
            self._beside[real] = neighbourhoods(real.rows(), self.rows())
        return self._beside[real]
