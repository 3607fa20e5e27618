"""Convolutions without the taps of a kernel that see only padding.

On maps that are smaller than the kernel most of its products are with zeros: a 5x5 kernel with stride 2 on
2x2 values multiplies 4 numbers and 21 zeros. The remaining taps form a matrix there, and are multiplied as
one. Results, gradients, weights and their names are those of `nn.Conv2d` and `nn.ConvTranspose2d`.
"""

from __future__ import annotations

from functools import cache

from torch import Tensor, nn
from torch.nn import functional as F

Axis = tuple[int, int, int, int]
"""First used tap, last used tap plus one, padding, and output padding, along one axis."""


class Conv2d(nn.Conv2d):
    """`nn.Conv2d` with zero padding and one group, without idle taps."""

    def forward(self, x: Tensor) -> Tensor:
        """The output of the whole kernel for `[B, C, H, W]`."""
        k, s, p = self.kernel_size, self.stride, self.padding
        assert not isinstance(p, str)
        (top, bottom, py, _), (left, right, px, _) = (_taps(x.shape[2 + i], k[i], s[i], p[i]) for i in (0, 1))
        if (bottom - top, right - left) == k:
            return super().forward(x)
        middle = _middle(self.weight, top, bottom, left, right)
        if (bottom - top, right - left, py, px) == (*x.shape[2:], 0, 0):  # one output value sees everything
            return F.linear(x.permute(0, 2, 3, 1).flatten(1), middle.flatten(1), self.bias)[:, :, None, None]
        return F.conv2d(x, middle.permute(0, 3, 1, 2), self.bias, s, (py, px))


class ConvTranspose2d(nn.ConvTranspose2d):
    """`nn.ConvTranspose2d` with one group, without idle taps."""

    def kernel(self) -> Tensor:
        """Weights `[C, K, height, width]`; a subclass may compute them from others."""
        return self.weight

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """The output of the whole kernel for `[B, C, H, W]`."""
        weight, s, p, o = self.kernel(), self.stride, self.padding, self.output_padding
        k = tuple(weight.shape[2:])
        assert not isinstance(p, str)
        assert output_size is None
        (top, bottom, py, oy), (left, right, px, ox) = (
            _taps_transposed(x.shape[2 + i], k[i], s[i], p[i], o[i]) for i in (0, 1)
        )
        if (bottom - top, right - left) == k:
            return F.conv_transpose2d(x, weight, self.bias, s, p, o)
        middle = _middle(weight, top, bottom, left, right)
        if x.shape[2:] == (1, 1) and (py, px) == (0, 0) and (oy, ox) == (0, 0):  # one value makes everything
            y: Tensor = (x.flatten(1) @ middle.flatten(1)).unflatten(1, middle.shape[1:]).permute(0, 3, 1, 2)
            return y if self.bias is None else y + self.bias[:, None, None]
        return F.conv_transpose2d(x, middle.permute(0, 3, 1, 2), self.bias, s, (py, px), (oy, ox))


def _middle(weight: Tensor, top: int, bottom: int, left: int, right: int) -> Tensor:
    """The used taps of every kernel, channels last: the memory order of the whole weight's gradient."""
    return weight.permute(0, 2, 3, 1)[:, top:bottom, left:right]


@cache
def _taps(n: int, k: int, stride: int, padding: int) -> Axis:
    """Used taps and padding of a convolution of `n` values with `k` taps.

    >>> _taps(2, 5, 2, 2), _taps(2, 5, 1, 2), _taps(8, 5, 2, 2)
    ((2, 4, 0, 0), (1, 4, 1, 0), (0, 5, 2, 0))
    """
    outputs = (n + 2 * padding - k) // stride + 1
    used = [t for t in range(k) if any(0 <= o * stride - padding + t < n for o in range(outputs))]
    first, last = used[0], used[-1] + 1
    less = padding - first
    same = less >= 0 and (n + 2 * less - (last - first)) // stride + 1 == outputs
    return (first, last, less, 0) if same else (0, k, padding, 0)


@cache
def _taps_transposed(n: int, k: int, stride: int, padding: int, output_padding: int) -> Axis:
    """Used taps and paddings of a transposed convolution of `n` values with `k` taps.

    >>> _taps_transposed(1, 5, 2, 2, 1), _taps_transposed(4, 5, 2, 2, 1)
    ((2, 4, 0, 0), (0, 5, 2, 1))
    """
    outputs = (n - 1) * stride - 2 * padding + k + output_padding
    used = [t for t in range(k) if any(0 <= i * stride - padding + t < outputs for i in range(n))]
    first, last = used[0], used[-1] + 1
    less = padding - first
    more = outputs - ((n - 1) * stride - 2 * less + last - first)
    return (first, last, less, more) if less >= 0 and 0 <= more < stride else (0, k, padding, output_padding)
