"""The inception score: a classifier's certainty of each image, and the variety of classes over all of them.

Source: Salimans et al. 2016 (arXiv 1606.03498), section 4; ten splits as in their code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

import torch
from torch import Tensor

from chimerae.errors import InputError

SPLITS: Final = 10


@dataclass
class ScoreStats:
    """Sums over the classifier's outputs for images; image `i` belongs to split `i mod 10`.

    Usually the splits are consecutive tenths of images in random order. Taking turns is equivalent for these.
    For sorted images, it keeps the splits from having one class each.
    """

    stored_as: ClassVar[str] = "Answers"

    n: int = 0
    shares: Tensor = field(default_factory=lambda: torch.zeros(SPLITS, 0))
    """Sum of the probabilities of the classes, `[10, classes]`, float64."""
    certainty: Tensor = field(default_factory=lambda: torch.zeros(SPLITS, dtype=torch.float64))
    """Sum of the negative entropies of these, `[10]`, float64, in nats."""

    def add(self, logits: Tensor) -> None:
        """Take in logits `[B, classes]`."""
        logs = logits.cpu().double().log_softmax(1)
        turns = (self.n + torch.arange(len(logs))) % SPLITS
        if self.n == 0:
            self.shares = torch.zeros(SPLITS, logs.shape[1], dtype=torch.float64)
        self.shares.index_add_(0, turns, logs.exp())
        self.certainty.index_add_(0, turns, (logs.exp() * logs).sum(1))
        self.n += len(logs)

    def tensors(self) -> Mapping[str, Tensor]:
        """All that it holds."""
        return {"n": torch.tensor(self.n), "shares": self.shares, "certainty": self.certainty}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Restore what `tensors` gave."""
        self.n = int(tensors["n"])
        self.shares, self.certainty = tensors["shares"], tensors["certainty"]

    def score(self) -> tuple[float, float]:
        """Mean and deviation over the splits of `exp E KL(p(y|x) || p(y))`, between 1 and the classes.

        Raises:
            InputError: there are fewer than ten images, or the outputs for them are not finite.
        """
        if self.n < SPLITS:
            raise InputError(f"it needs {SPLITS} images or more, not {self.n}")
        sizes = (self.n - torch.arange(SPLITS) + SPLITS - 1) // SPLITS
        marginal = self.shares / sizes[:, None]
        scores = (self.certainty / sizes - torch.xlogy(marginal, marginal).sum(1)).exp()
        if not bool(scores.isfinite().all()):
            raise InputError("features are not finite")
        return float(scores.mean()), float(scores.std(correction=0))
