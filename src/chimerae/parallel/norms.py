"""BatchNorm with the statistics of the whole batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from chimerae.parallel.rows import average, count, current


class _OverAll(_BatchNorm):
    """BatchNorm whose statistics, in training mode, are those of all processes' rows.

    In evaluation mode, and alone, it is PyTorch's own. It is written in plain operations, because its
    gradient is differentiated again (R1). `nn.SyncBatchNorm` refuses tensors on a CPU.
    """

    def forward(self, x: Tensor) -> Tensor:
        """`x` `[B, C, ...]` with mean 0 and variance 1 in each channel, then scaled and shifted."""
        if not self.training or current().size == 1:
            normal: Tensor = super().forward(x)
            return normal
        self._check_input_dim(x)  # type: ignore[no-untyped-call]
        h = x.float()
        rows = [d for d in range(h.dim()) if d != 1]
        mean = average(h.mean(rows, keepdim=True))
        centred = h - mean
        variance = average(centred.square().mean(rows, keepdim=True))
        if self.track_running_stats:
            self._track(mean.flatten(), variance.flatten(), count(h.numel() // h.shape[1]))
        h = centred * (variance + self.eps).rsqrt()
        if self.affine:
            shape = variance.shape
            h = h * self.weight.view(shape) + self.bias.view(shape)
        return h.to(x.dtype)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor, n: int) -> None:
        """Let the running statistics follow those of a batch with `n` values in each channel."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        pace = 1.0 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), pace)
        self.running_var.lerp_((variance * n / (n - 1)).to(self.running_var.dtype), pace)


class _OverAll1d(_OverAll, nn.BatchNorm1d):
    pass


class _OverAll2d(_OverAll, nn.BatchNorm2d):
    pass


class _OverAll3d(_OverAll, nn.BatchNorm3d):
    pass


_SHARED: Mapping[type[nn.Module], type[nn.Module]] = {
    nn.BatchNorm1d: _OverAll1d,
    nn.BatchNorm2d: _OverAll2d,
    nn.BatchNorm3d: _OverAll3d,
}


def statistics(modules: Iterable[nn.Module]) -> list[Tensor]:
    """The running statistics of every BatchNorm in `modules`."""
    parts = [part for module in modules for part in module.modules() if isinstance(part, _BatchNorm)]
    kept = [tensor for part in parts for tensor in (part.running_mean, part.running_var)]
    return [tensor for tensor in kept if tensor is not None]


def share_statistics(module: nn.Module) -> None:
    """Let every BatchNorm in `module` take the statistics of all processes' rows; weights and names stay."""
    for part in module.modules():
        part.__class__ = _SHARED.get(type(part), type(part))
