from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

from chimerae.errors import InputError
from chimerae.metrics import ms_ssim as module
from chimerae.metrics.ms_ssim import WEIGHTS, Pairs, ms_ssim, windows
from tests.helpers.rows import through

Picture = NDArray[np.float64]


def images(n: int, channels: int = 3, height: int = 64, width: int = 64, seed: int = 0) -> torch.Tensor:
    """Smooth images with some noise, in 256 levels."""
    g = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n, channels, 6, 6, generator=g)
    smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic")
    noisy = (smooth + 0.05 * torch.randn(smooth.shape, generator=g)).clamp(0, 1)
    return (noisy * 255).round() / 255


def brute(x: Picture, y: Picture) -> float:
    """MS-SSIM of two images `[C, H, W]` in grey levels, position by position."""
    total, c1, c2 = 1.0, (0.01 * 255) ** 2, (0.03 * 255) ** 2
    for scale, weight in enumerate(WEIGHTS):
        height, width = x.shape[1:]
        side = min(11, height, width)
        bell = [np.exp(-(((k - (side - 1) / 2) / 1.5) ** 2) / 2) for k in range(side)]
        window = np.outer(bell, bell) / np.outer(bell, bell).sum()
        seen = []
        for a, b in zip(x, y, strict=True):
            for top in range(height - side + 1):
                for left in range(width - side + 1):
                    p, q = (image[top : top + side, left : left + side] for image in (a, b))
                    mp, mq = (window * p).sum(), (window * q).sum()
                    vp, vq = (window * (p - mp) ** 2).sum(), (window * (q - mq) ** 2).sum()
                    structure = (2 * (window * (p - mp) * (q - mq)).sum() + c2) / (vp + vq + c2)
                    light = (2 * mp * mq + c1) / (mp**2 + mq**2 + c1) if scale == 4 else 1.0
                    seen.append(light * structure)
        total *= max(float(np.mean(seen)), 0.0) ** weight
        x, y = (
            np.array([[[c[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean() for j in range(width // 2)]
                       for i in range(height // 2)] for c in image])
            for image in (x, y)
        )  # fmt: skip
    return total


@through("channels, height, width", [(1, 64, 64), (2, 65, 80)])
def test_it_is_that_of_loops(channels: int, height: int, width: int):
    x = images(1, channels, height, width)
    y = (x + 0.3 * images(1, channels, height, width, seed=1)) / 1.3
    y = (y * 255).round() / 255
    expected = brute(*(255 * image[0].double().numpy() for image in (x, y)))
    assert 0.1 < expected < 0.95
    assert float(ms_ssim(x, y)[0]) == pytest.approx(expected, rel=1e-6)


@through("side", [176, 200])
def test_large_images_have_torchmetrics_terms_and_scikit_images_last_one(side: int):
    """torchmetrics takes its last term over the mirrored border as well, so that one is from elsewhere."""
    x = images(2, 2, side, side).double()
    y = (x + 0.5 * images(2, 2, side, side, seed=1).double()) / 1.5
    fine = multiscale_structural_similarity_index_measure(
        255 * x, 255 * y, data_range=255.0, betas=(*WEIGHTS[:4], 0.0), reduction="none"
    )
    last = [
        structural_similarity(*(torch.nn.functional.avg_pool2d(image[None], 16)[0].numpy() for image in pair),
                              channel_axis=0, gaussian_weights=True, sigma=1.5,
                              use_sample_covariance=False, data_range=1)
        for pair in zip(x, y, strict=True)
    ]  # fmt: skip
    expected = fine.double().numpy() * np.array(last) ** WEIGHTS[4]
    np.testing.assert_allclose(ms_ssim(x, y), expected, rtol=1e-6)


def test_windows_shrink_to_the_image():
    assert windows((1, 1024, 512)) == (11,) * 5
    assert windows((3, 100, 70)) == (11, 11, 11, 8, 4)


def test_opposites_have_none_and_the_same_has_one():
    x = images(2)
    torch.testing.assert_close(ms_ssim(x, x), torch.ones(2, dtype=torch.float64))
    assert (ms_ssim(x, 1 - x) == 0).all()


def gathered(x: torch.Tensor, size: int) -> Pairs:
    seen = Pairs()
    for some in x.split(size):
        seen.add(some)
    return seen


@through("size", [1, 2, 3, 9])
def test_pairs_are_neighbours_whatever_the_batch(size: int):
    x = images(9, 1)
    seen = gathered(x, size)
    assert seen.mean.n == 4
    assert seen.value == pytest.approx(float(ms_ssim(x[0:8:2], x[1:8:2]).mean()), rel=1e-12)


def test_only_so_many_pairs_are_seen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_PAIRS", 3)
    x = images(11, 1)
    for size in (1, 4, 11):
        seen = gathered(x, size)
        assert seen.mean.n == 3
        assert seen.value == pytest.approx(float(ms_ssim(x[0:6:2], x[1:6:2]).mean()), rel=1e-12)


def test_levels_are_those_of_files():
    x = images(2, 1)
    assert gathered((x + 0.4 / 255).clamp(0, 1), 2).value == gathered(x, 2).value


def test_one_sample_is_no_pair():
    with pytest.raises(InputError, match="two samples"):
        _ = gathered(images(1, 1), 1).value


def test_the_more_alike_the_higher():
    x, common = images(20, 1), images(1, 1, seed=5)
    assert gathered((x + common) / 2, 20).value > gathered(x, 20).value + 0.05


def test_the_scales_are_weighted_as_published():
    """Wang, Simoncelli and Bovik 2003, section 3.2, from the finest scale to the coarsest."""
    assert WEIGHTS == (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
