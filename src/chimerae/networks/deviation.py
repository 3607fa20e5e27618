"""A critic's view of the variety of a batch."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from chimerae.parallel import average

EPSILON: Final = 1e-8
"""Added to variances before the root."""


class BatchDeviation(nn.Module):
    """Adds one channel: the standard deviation over samples, averaged over all values of a map.

    Source: Karras et al. 2018 (arXiv 1710.10196), section 3. A critic can tell by it that generated samples
    resemble each other more than data. In groups (StyleGAN2), neighbours in the batch are compared.
    """

    def __init__(self, group: int) -> None:
        """`group` samples are compared, or a few more where they do not divide the batch; 0: all."""
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """Maps `[B, C + 1, h, w]` of `x` `[B, C, h, w]`."""
        groups = [x] if self.group == 0 else x.tensor_split(max(len(x) // self.group, 1))
        values = [_deviation(part, shared=self.group == 0).expand(len(part), -1, -1, -1) for part in groups]
        plane = torch.cat(values).expand(-1, -1, *x.shape[2:])
        return torch.cat([x, plane.to(x.dtype)], 1)


def _deviation(x: Tensor, *, shared: bool) -> Tensor:
    """The deviation as `[1, 1, 1, 1]`; `shared`: over the samples of all processes."""
    h = x.float()
    mean = h.mean(0)
    centred = h - (average(mean) if shared else mean)
    variance = centred.square().mean(0)
    deviation = ((average(variance) if shared else variance) + EPSILON).sqrt()
    return deviation.mean().view(1, 1, 1, 1)
