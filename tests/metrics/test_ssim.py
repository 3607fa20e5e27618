from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from chimerae.errors import InputError
from chimerae.metrics import ssim as module
from chimerae.metrics.ssim import ssim, window_size
from tests.helpers.rows import through


def images(channels: int, height: int, width: int, n: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(1)
    coarse = torch.rand(n, channels, 4, 4, generator=g)
    x = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    return x, (x + 0.1 * torch.randn(x.shape, generator=g)).clamp(0, 1)


def by_hand(x: np.ndarray, y: np.ndarray, side: int) -> float:
    """Every window of one channel, one after the other, as in the paper."""
    offset = np.arange(side) - (side - 1) / 2
    w = np.exp(-(offset[:, None] ** 2 + offset[None, :] ** 2) / (2 * 1.5**2))
    w /= w.sum()
    values = []
    for i in range(x.shape[0] - side + 1):
        for j in range(x.shape[1] - side + 1):
            a, b = x[i : i + side, j : j + side], y[i : i + side, j : j + side]
            ma, mb = (w * a).sum(), (w * b).sum()
            va, vb, cov = (
                (w * (a - ma) ** 2).sum(),
                (w * (b - mb) ** 2).sum(),
                (w * (a - ma) * (b - mb)).sum(),
            )
            top = (2 * ma * mb + 1e-4) * (2 * cov + 9e-4)
            values.append(top / ((ma**2 + mb**2 + 1e-4) * (va + vb + 9e-4)))
    return float(np.mean(values))


@through("shape", [(1, 28, 28), (3, 32, 48), (3, 64, 64), (1, 11, 11)])
def test_agrees_with_scikit_image(shape):
    x, y = images(*shape)
    expected = [
        structural_similarity(
            a,
            b,
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=0,
        )
        for a, b in zip(x.double().numpy(), y.double().numpy(), strict=True)
    ]
    np.testing.assert_allclose(ssim(x, y), expected, atol=1e-9)


def test_agrees_with_torchmetrics_inside_the_border():
    x, y = (v.double() for v in images(3, 40, 32))
    _, whole = structural_similarity_index_measure(
        y, x, data_range=1.0, reduction="none", return_full_image=True
    )
    expected = whole[..., 5:-5, 5:-5].flatten(1).mean(1)
    np.testing.assert_allclose(ssim(x, y), expected, atol=1e-9)


@through("height, width, side", [(8, 8, 7), (9, 20, 9), (3, 3, 3), (10, 10, 9), (12, 13, 11)])
def test_small_images_get_a_smaller_window(height, width, side):
    assert window_size(height, width) == side
    x, y = images(2, height, width)
    expected = [
        np.mean([by_hand(a, b, side) for a, b in zip(p, q, strict=True)])
        for p, q in zip(x.double().numpy(), y.double().numpy(), strict=True)
    ]
    np.testing.assert_allclose(ssim(x, y), expected, atol=1e-10)


def test_identical_and_opposite_images():
    x, _ = images(3, 16, 16)
    assert ssim(x, x).tolist() == pytest.approx([1.0] * 4, abs=1e-12)
    checks = (torch.arange(256).reshape(16, 16) // 16 + torch.arange(256).reshape(16, 16)) % 2
    board = checks.float()[None, None]
    assert float(ssim(board, 1 - board)) < -0.98


def test_constant_images_compare_by_their_brightness():
    x, y = torch.full((1, 1, 12, 12), 0.2), torch.full((1, 1, 12, 12), 0.6)
    assert float(ssim(x, y)) == pytest.approx((2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4), rel=1e-6)


def test_pieces_of_a_batch_change_nothing(monkeypatch):
    x, y = images(3, 16, 16, n=7)
    whole = ssim(x, y)
    monkeypatch.setattr(module, "CHUNK", 2 * 3 * 16 * 16)
    torch.testing.assert_close(ssim(x, y), whole, rtol=1e-12, atol=0)


def test_images_of_two_pixels_are_refused():
    with pytest.raises(InputError, match="2x9 are too small for SSIM"):
        ssim(torch.zeros(1, 1, 2, 9), torch.zeros(1, 1, 2, 9))
