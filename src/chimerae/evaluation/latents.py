"""Statistics of codes by channel, which models that learn codes need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass
class Latents:
    """Sums of codes by channel, in float64."""

    count: int = 0
    sums: dict[str, Tensor] = field(default_factory=dict)

    def add(self, codes: Tensor) -> None:
        """Take in codes `[n, c, h, w]` or `[n, z]`."""
        rows = codes.double().flatten(2).transpose(0, 1).flatten(1) if codes.dim() == 4 else codes.double().T
        self.count += rows.shape[1]
        for name, sums in (("first", rows.sum(1)), ("second", rows.square().sum(1))):
            self.sums[name] = self.sums.get(name, torch.zeros_like(sums)) + sums

    @property
    def facts(self) -> dict[str, Any]:
        """Mean and deviation by channel, and the scaling that gives all codes together the deviation 1."""
        mean = self.sums["first"] / self.count
        variance = (self.sums["second"] / self.count - mean.square()).clamp(min=0.0)
        spread = float((variance + (mean - mean.mean()).square()).mean().sqrt())
        return {
            "mean": mean.tolist(),
            "deviation": variance.sqrt().tolist(),
            "scaling": 1.0 / spread if spread > 0 else None,
        }
