"""Parts of autoencoders with codes that are maps."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from chimerae.gaussian import Gaussian
from chimerae.heads import CodeMap, Scale
from chimerae.shapes import Shape, numel

EPSILON: Final = 1e-6
"""Added to the variance in GroupNorm."""


class Block(nn.Module):
    """Twice GroupNorm, SiLU and a 3x3 convolution, beside a shortcut (the identity, or a 1x1 convolution)."""

    def __init__(self, inputs: int, outputs: int, groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inputs, eps=EPSILON)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 1, 1)
        self.norm2 = nn.GroupNorm(groups, outputs, eps=EPSILON)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Maps `[B, outputs, h, w]` of `x` `[B, inputs, h, w]`."""
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        out: Tensor = self.shortcut(x) + h
        return out


class Attention(nn.Module):
    """One head of dot-product attention over all places of a map, beside the identity."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels, eps=EPSILON)
        self.query, self.key, self.value, self.out = (nn.Linear(channels, channels) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        """Maps of the shape of `x` `[B, C, h, w]`."""
        places = self.norm(x).flatten(2).transpose(1, 2)  # [B, h w, C]
        q, k, v = (layer(places).unsqueeze(1) for layer in (self.query, self.key, self.value))
        seen: Tensor = self.out(F.scaled_dot_product_attention(q, k, v).squeeze(1))
        return seen.transpose(1, 2).reshape(x.shape) + x


class Middle(nn.Sequential):
    """Two residual blocks of the smallest map, with attention between them if wanted."""

    def __init__(self, channels: int, groups: int, attention: bool) -> None:
        super().__init__()
        self.add_module("before", Block(channels, channels, groups))
        if attention:
            self.add_module("attention", Attention(channels, groups))
        self.add_module("after", Block(channels, channels, groups))


class Down(nn.Module):
    """A 3x3 convolution of stride 2 that halves the sides; zeros are added below and to the right."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Maps `[B, C, h/2, w/2]` of `x` `[B, C, h, w]` with even sides."""
        out: Tensor = self.conv(F.pad(x, (0, 1, 0, 1)))
        return out


class Up(nn.Module):
    """Nearest neighbours, then a 3x3 convolution: sides are doubled without checkerboards."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps `[B, C, 2h, 2w]` of `x` `[B, C, h, w]`."""
        out: Tensor = self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return out


class MapPosterior(CodeMap):
    """`maps [B, width, h, w] -> Gaussian` over the flattened code map `[B, c h w]`."""

    def __init__(self, width: int, code: Shape, scale: Scale, *, mixed: bool = False) -> None:
        """With `mixed`, a 1x1 convolution follows the 3x3 one."""
        super().__init__()
        channels = code[0] * (2 if scale == "free" else 1)
        self.conv = nn.Conv2d(width, channels, 3, 1, 1)
        self.mix = nn.Conv2d(channels, channels, 1) if mixed else nn.Identity()
        self.code, self.scale = code, scale
        if scale == "shared":
            self.log_sigma = nn.Parameter(torch.zeros(numel(code)))

    def forward(self, h: Tensor) -> Gaussian:
        """Posterior of each sample; means come first among the channels, then log-variances."""
        made = self.mix(self.conv(h)).float()
        if self.scale == "free":
            mu, logvar = (half.flatten(1) for half in made.chunk(2, 1))
            return Gaussian(mu, logvar)
        mu = made.flatten(1)
        if self.scale == "none":
            return Gaussian.point(mu)
        return Gaussian(mu, 2.0 * self.log_sigma)
