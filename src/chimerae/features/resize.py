"""Three ways to bring images to the size and range that the Inception network of 2015 expects.

They differ by more than models do: never compare values across them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

SIDE: Final = 299
"""Pixels of either side."""


def like_tensorflow(images: Tensor, side: int = SIDE) -> Tensor:
    """Bilinear without half-pixel centres, as TensorFlow 1 does, in grey levels: `[B, C, side, side]`.

    From images `[B, C, H, W]` in grey levels, float32. Enlarged images are shifted by up to half a pixel.
    """
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

    resized: Tensor = interpolate_bilinear_2d_like_tensorflow1x(
        images, size=(side, side), align_corners=False
    )
    return resized


def _tensorflow(images: Tensor) -> Tensor:
    return (like_tensorflow(images.float()) - 128.0) / 128.0


def _clean(images: Tensor) -> Tensor:
    planes = images.cpu().flatten(0, 1).float().numpy()
    bicubic = Image.Resampling.BICUBIC
    resized = [np.asarray(Image.fromarray(plane).resize((SIDE, SIDE), bicubic)) for plane in planes]
    levels = torch.from_numpy(np.stack(resized)).to(images.device).clamp(0.0, 255.0)
    seen: Tensor = (levels.unflatten(0, images.shape[:2]) - 128.0) / 128.0
    return seen


def _pytorch(images: Tensor) -> Tensor:
    unit = images.float() / 255.0
    resized = F.interpolate(unit, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    return 2.0 * resized - 1.0


RESIZES: Final[Mapping[str, Callable[[Tensor], Tensor]]] = {
    "tensorflow": _tensorflow,
    "clean": _clean,
    "pytorch": _pytorch,
}
"""Name -> function from images `[B, 3, H, W]`, uint8, to the network's input, `[B, 3, 299, 299]`.

`tensorflow`: that of the original code (Heusel et al. 2017, arXiv 1706.08500) and of torch-fidelity.
`clean`: bicubic with antialiasing in float, each channel by itself (Parmar et al. 2022, arXiv 2104.11222).
`pytorch`: bilinear with half-pixel centres, without antialiasing, as pytorch-fid.
"""
