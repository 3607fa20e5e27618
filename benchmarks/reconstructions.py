"""Frechet distance and sharpness of reconstructions of held-out images: `reconstructions.py RUN...`.

`evaluate` judges pairs of an image and its reconstruction; these two judge reconstructions as a
set. Sharpness is the variance of the Laplacian, features are those of EfficientNet-Lite0.
"""

from __future__ import annotations

import sys
from pathlib import Path

from torch import Tensor

import chimerae
from chimerae.data import prepare
from chimerae.features import EXTRACTORS, Extractor, FeatureRequest
from chimerae.metrics import pixel, ssim
from chimerae.metrics.frechet import Moments, frechet
from chimerae.metrics.sharpness import sharpness
from chimerae.runs.folder import read_run

BATCH = 128


def moments(extractor: Extractor, images: Tensor) -> Moments:
    """Moments of the features of images in [0, 1]."""
    found = Moments()
    for part in (images.clamp(0, 1) * 255).round().byte().split(BATCH):
        found.add(extractor.features(part)["pool"])
    return found


def main(folders: list[str]) -> None:
    """Print a line for each run."""
    for folder in folders:
        run, model = read_run(Path(folder)), chimerae.load(folder, device="cpu")
        data = prepare(run.data, run.prepare)
        x = data.test.take(range(len(data.test)))
        y = model.reconstruct(x)
        extractor = EXTRACTORS["efficientnet"](FeatureRequest(data=data))
        distance = frechet(moments(extractor, x), moments(extractor, y))
        print(
            f"{folder}: FD {distance:.1f}, PSNR {pixel.psnr(x, y).mean():.2f} dB, "
            f"SSIM {ssim.ssim(x, y).mean():.3f}, "
            f"sharpness {sharpness(y).mean():.4f} (data {sharpness(x).mean():.4f})"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
