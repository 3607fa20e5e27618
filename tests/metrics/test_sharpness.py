from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d
from skimage.color import rgb2gray

from chimerae.metrics.sharpness import Sharpness, grey, sharpness
from tests.helpers.rows import through

KERNEL = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])


def images(n: int = 5, channels: int = 1, height: int = 9, width: int = 7) -> torch.Tensor:
    return torch.rand(n, channels, height, width, generator=torch.Generator().manual_seed(0))


def test_it_is_the_variance_of_scipys_convolution():
    x = images()
    expected = [convolve2d(image[0].double().numpy(), KERNEL, mode="valid").var() for image in x]
    np.testing.assert_allclose(sharpness(x), expected, rtol=1e-12)


def test_colour_counts_as_its_luma():
    """scikit-image has other shares (of BT.709): the sets differ, white and grey do not."""
    x = images(channels=3)
    expected = np.einsum("bchw,c->bhw", x.double().numpy(), [0.299, 0.587, 0.114])
    np.testing.assert_allclose(grey(x), expected, rtol=1e-12)
    np.testing.assert_allclose(sharpness(x), sharpness(torch.from_numpy(expected)[:, None]), rtol=1e-12)
    same = x[:, :1].expand(-1, 3, -1, -1)
    np.testing.assert_allclose(grey(same)[0], rgb2gray(same[0].permute(1, 2, 0).double().numpy()), rtol=1e-9)


@through("size", [1, 2, 5])
def test_the_mean_is_over_images_in_any_batches(size: int):
    x, seen = images(), Sharpness()
    for some in x.split(size):
        seen.add(some)
    assert seen.mean.value == pytest.approx(float(sharpness(x).mean()), rel=1e-12)


def test_blur_lowers_and_noise_raises_it():
    x = images(height=32, width=32)
    smooth = torch.from_numpy(gaussian_filter(x.numpy(), (0, 0, 2, 2)))
    assert (sharpness(smooth) < 0.1 * sharpness(x)).all()
    assert (sharpness(smooth + 0.1 * images(height=32, width=32)) > sharpness(smooth)).all()
    assert (sharpness(torch.full((2, 1, 8, 8), 0.5)) == 0).all()
