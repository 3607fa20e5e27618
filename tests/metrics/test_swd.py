from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve
from scipy.stats import wasserstein_distance

from chimerae.errors import InputError
from chimerae.metrics import swd as module
from chimerae.metrics.swd import Patches, cut, pyramid, sliced, swd
from tests.helpers.rows import through


def images(n: int, side: int = 32, seed: int = 0, channels: int = 3) -> torch.Tensor:
    return torch.rand(n, channels, side, side, generator=torch.Generator().manual_seed(seed))


def gathered(x: torch.Tensor, size: int = 1000) -> Patches:
    seen = Patches()
    for some in x.split(size):
        seen.add(some)
    return seen


def test_the_pyramid_is_that_of_scipy():
    """Burt and Adelson's filter, mirrored without the border pixel."""
    row = np.array([1, 4, 6, 4, 1]) / 16
    kernel = np.outer(row, row)
    x = images(1, channels=1)
    fine, coarse = pyramid(x)
    picture = x[0, 0].double().numpy()
    smaller = convolve(picture, kernel, mode="mirror")[::2, ::2]
    larger = np.zeros((32, 32))
    larger[::2, ::2] = smaller
    np.testing.assert_allclose(coarse[0, 0], smaller, atol=1e-6)
    np.testing.assert_allclose(fine[0, 0], picture - convolve(larger, 4 * kernel, mode="mirror"), atol=1e-6)


@through("side, sides", [(128, [128, 64, 32, 16]), (32, [32, 16]), (28, [28]), (33, [33]), (8, [8]), (6, [])])
def test_levels_end_at_sixteen_pixels(side, sides):
    assert [band.shape[-1] for band in pyramid(images(2, side))] == sides


def test_bands_add_up_to_the_image():
    x = images(2, 64)
    fine, middle, coarse = pyramid(x)
    once = middle + module._enlarged(coarse)
    torch.testing.assert_close(fine + module._enlarged(once), x)


def test_patches_lie_where_they_should():
    band = torch.arange(2 * 9 * 10.0).reshape(1, 2, 9, 10)
    places = torch.tensor([[[0.0, 0.0], [0.999, 0.999]]])
    first, last = cut(band, places).reshape(2, 2, 7, 7)
    assert torch.equal(first, band[0, :, :7, :7])
    assert torch.equal(last, band[0, :, 2:, 3:])


def test_the_sliced_distance_is_the_mean_of_wasserstein_distances():
    a, b = (
        torch.randn(60, 5, generator=torch.Generator().manual_seed(0)),
        1 + images(40, 5, 1, 1).flatten(1)[:, :5],
    )
    directions = torch.randn(5, module.DIRECTIONS, generator=torch.Generator().manual_seed(3))
    directions = (directions / directions.norm(dim=0)).double().numpy()
    thinned = a[torch.arange(40) * 60 // 40]
    expected = np.mean([wasserstein_distance(thinned.numpy() @ d, b.numpy() @ d) for d in directions.T])
    assert sliced(a, b, 3) == pytest.approx(expected, rel=1e-5)


def test_channels_are_normalised_over_all_patches():
    rows = gathered(0.2 + 0.1 * images(20)).descriptors(0).view(-1, 3, 49)
    torch.testing.assert_close(rows.mean((0, 2)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(rows.std((0, 2)), torch.ones(3), atol=1e-5, rtol=0)


def test_alike_is_near_and_blurred_is_far():
    real, again = gathered(images(100)), gathered(images(100, seed=1))
    blurred = images(100, seed=2)
    for _ in range(4):
        blurred = module._blurred(blurred)
    assert swd(real, real) == 0.0
    assert swd(real, again) < 0.6 * swd(real, gathered(blurred))


@through("size", [1, 7, 30])
def test_batches_change_nothing(size):
    real, x = gathered(images(30)), images(30, seed=1)
    assert swd(real, gathered(x, size)) == swd(real, gathered(x))


def test_only_so_many_images_are_kept(monkeypatch):
    monkeypatch.setattr(module, "IMAGES", 10)
    assert torch.equal(gathered(images(25), 4).descriptors(0), gathered(images(25)[:10]).descriptors(0))


def test_tiny_images_are_one_line():
    with pytest.raises(InputError, match="smaller than 7x7"):
        swd(gathered(images(3, 6)), gathered(images(3, 6)))


def test_a_constant_image_is_no_division_by_zero():
    assert np.isfinite(swd(gathered(images(5)), gathered(torch.zeros(5, 3, 32, 32))))
