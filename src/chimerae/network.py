"""One network as a method sees it: its precision, its mode and its labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from chimerae.errors import InputError
from chimerae.gaussian import Gaussian
from chimerae.labels import NO_LABELS, Labelled
from chimerae.modes import statistics_kept


@dataclass(frozen=True)
class Autocast:
    """Precision in which networks compute; their outputs are always float32."""

    device: str = "cpu"
    bfloat16: bool = False


@dataclass(frozen=True)
class Network:
    """One network as a method sees it: a callable in the run's precision, with float32 results."""

    module: nn.Module
    autocast: Autocast
    labels: Tensor | None = None

    def __call__(self, *inputs: Tensor) -> Any:
        """Apply the network.

        Raises:
            InputError: it needs labels, and there are none.
        """
        if not self.autocast.bfloat16:
            return self.module(*self._with_labels(inputs))
        with torch.autocast(self.autocast.device, dtype=torch.bfloat16):
            outputs = self.module(*self._with_labels(inputs))
        return _to_float32(outputs)

    def in_float32(self, *inputs: Tensor) -> Any:
        """Apply the network in float32 whatever the run's precision, for gradients that are differentiated
        again.
        """
        return self.module(*self._with_labels(inputs))

    def _with_labels(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        if not isinstance(self.module, Labelled):
            return inputs
        if self.labels is None:
            raise InputError(NO_LABELS)
        return (*inputs, self.labels)

    def untracked(self, *inputs: Tensor) -> Any:
        """Apply the network in training mode without letting this batch into BatchNorm's running statistics.

        For inputs of a kind that the network does not get in evaluation mode: the running statistics then
        describe one kind of input (see `docs/methods/avae.md`).
        """
        with statistics_kept(self.module):
            return self(*inputs)

    def in_eval_mode(self, *inputs: Tensor) -> Any:
        """Apply the network in evaluation mode: BatchNorm uses running statistics and leaves them unchanged.

        For a network that has been trained and now only judges others; gradients flow through it.
        """
        training = self.module.training
        self.module.eval()
        try:
            return self(*inputs)
        finally:
            self.module.train(training)


def _to_float32(outputs: Any) -> Any:
    if isinstance(outputs, Tensor):
        return outputs.float()
    if isinstance(outputs, Gaussian):
        return Gaussian(outputs.mu.float(), outputs.logvar.float())
    return type(outputs)(_to_float32(o) for o in outputs)
