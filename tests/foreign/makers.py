"""Tiny autoencoders of diffusers in folders, and data to judge them on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from chimerae.noise import seeded

DOWN, UP = "DownEncoderBlock2D", "UpDecoderBlock2D"


def kl(folder: Path, **options: Any) -> Path:
    """An `AutoencoderKL` with untrained weights, half the sides, codes of 3 channels."""
    library = pytest.importorskip("diffusers")
    settings: dict[str, Any] = {
        "block_out_channels": (8, 8),
        "down_block_types": (DOWN, DOWN),
        "up_block_types": (UP, UP),
        "norm_num_groups": 4,
        "latent_channels": 3,
        "scaling_factor": 0.5,
    }
    with seeded("kl"):
        library.AutoencoderKL(**settings | options).save_pretrained(folder)
    return folder


def tiny(folder: Path) -> Path:
    """An `AutoencoderTiny` with untrained weights, half the sides."""
    library = pytest.importorskip("diffusers")
    with seeded("tiny"):
        library.AutoencoderTiny(
            encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8),
            num_encoder_blocks=(1, 1),
            num_decoder_blocks=(1, 1),
        ).save_pretrained(folder)
    return folder


def pixels(n: int = 40, side: int = 16, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Smooth random images `[n, side, side, channels]`, uint8."""
    coarse = torch.rand(n, channels, 4, 4, generator=torch.Generator().manual_seed(seed))
    fine = torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear")
    return (fine * 255).byte().permute(0, 2, 3, 1).contiguous().numpy()
