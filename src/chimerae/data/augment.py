"""Random changes of images in a batch, as functions of seed and step: mirror, crop, resize.

Every function draws for all samples of the whole batch, and takes what belongs to the given `rows` of it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from chimerae import noise
from chimerae.errors import InputError
from chimerae.shapes import Shape


def flipped(raw: Tensor, rows: Tensor, n: int, seed: int, step: int) -> Tensor:
    """`raw` `[rows, C, H, W]` with about half of its rows mirrored in place: bytes are moved, not floats.

    Args:
        raw: images of any type.
        rows: their places in the whole batch, `[rows]`.
        n: samples of the whole batch.
        seed: of the run.
        step: from 0.
    """
    mirror = torch.rand(n, generator=noise.generator(seed, "flip", step)) < 0.5
    chosen = mirror[rows].nonzero().squeeze(1).to(raw.device)
    return raw.index_copy_(0, chosen, raw.index_select(0, chosen).flip(-1))


def cropped(raw: Tensor, rows: Tensor, n: int, seed: int, step: int, most: int) -> Tensor:
    """`raw` `[rows, C, H, W]`, each image shifted by up to `most` pixels on both axes.

    The image is continued beyond its edges by its own mirror image, without the edge itself.
    """
    shift = torch.randint(0, 2 * most + 1, (2, n), generator=noise.generator(seed, "crop", step))
    down, right = shift[:, rows].to(raw.device)
    wide = _widened(raw, most)
    n_rows, n_channels, height, width = wide.shape
    lines = torch.arange(raw.shape[2], device=raw.device) + down[:, None, None]
    planes = torch.arange(n_rows * n_channels, device=raw.device).view(n_rows, n_channels, 1)
    starts = (planes * height + lines) * width + right[:, None, None]
    runs = wide.view(-1).unfold(0, raw.shape[3], 1)  # a line of an image is a run of neighbours
    return runs.index_select(0, starts.view(-1)).view(raw.shape)


def check_crop(most: int, shape: Shape) -> None:
    """Raise `InputError` when images of `shape` are too small to be shifted by `most` pixels."""
    if len(shape) == 3 and most >= min(shape[1:]):
        raise InputError(
            f"--training.random-crop {most} is too much for images of {shape[1]}x{shape[2]}: "
            f"it must be below {min(shape[1:])}"
        )


def resized(images: Tensor, rows: Tensor, n: int, seed: int, step: int, least: float) -> Tensor:
    """`images` `[rows, C, H, W]`, float, each replaced by a random part of it at the size of the whole.

    The sides of the part are a share of the image's, uniform in [least, 1], and its place is uniform too. It
    is enlarged bilinearly.
    """
    draws = torch.rand(3, n, generator=noise.generator(seed, "resize", step))[:, rows]
    share = least + (1 - least) * draws[0]
    centre = (1 - share) * (2 * draws[1:] - 1)
    affine = torch.zeros(len(images), 2, 3)
    affine[:, 0, 0] = affine[:, 1, 1] = share
    affine[:, :, 2] = centre.T
    grid = F.affine_grid(affine.to(images.device), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _widened(raw: Tensor, most: int) -> Tensor:
    """`raw` with `most` mirrored pixels beyond each edge.

    >>> _widened(torch.arange(4).view(1, 1, 1, 4).expand(1, 1, 4, 4), 2)[0, 0, 0].tolist()
    [2, 1, 0, 1, 2, 3, 2, 1]
    """
    n, channels, height, width = raw.shape
    wide = raw.new_empty(n, channels, height + 2 * most, width + 2 * most)
    inside = wide[:, :, most:-most]
    inside[..., most:-most] = raw
    inside[..., :most] = raw[..., 1 : most + 1].flip(-1)
    inside[..., -most:] = raw[..., -most - 1 : -1].flip(-1)
    wide[:, :, :most] = inside[:, :, 1 : most + 1].flip(2)
    wide[:, :, -most:] = inside[:, :, -most - 1 : -1].flip(2)
    return wide
