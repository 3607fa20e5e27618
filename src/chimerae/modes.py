"""Training and evaluation mode of networks: layers that draw noise, statistics of batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


class Drawing(nn.Module):
    """A layer that draws noise from `chimerae.noise` in training mode, and has constant noise otherwise."""


def evaluate(module: nn.Module, *, batch_statistics: bool = False) -> None:
    """Put `module` into evaluation mode; with `batch_statistics` its BatchNorm uses those of the batch.

    Layers that draw noise keep theirs constant in both cases.
    """
    module.train(batch_statistics)
    for part in module.modules():
        if isinstance(part, Drawing):
            part.eval()


@contextmanager
def statistics_kept(*modules: nn.Module) -> Iterator[None]:
    """Leave BatchNorm's running statistics as they are inside."""
    norms = [m for module in modules for m in module.modules() if isinstance(m, _BatchNorm)]
    tracked = [m for m in norms if m.track_running_stats]
    for m in tracked:
        m.track_running_stats = False
    try:
        yield
    finally:
        for m in tracked:
            m.track_running_stats = True
