from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio
from torchmetrics.functional.image import peak_signal_noise_ratio as pooled_psnr

from chimerae.metrics import Mean, RunningVariance
from chimerae.metrics.pixel import PSNR_CAP, mse_points, mse_signed, mse_unit, psnr, rmse_255
from tests.helpers.rows import through


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(0)
    x = torch.rand(6, 3, 9, 7, generator=g)
    return x, (x + torch.linspace(0.01, 0.4, 6).view(-1, 1, 1, 1) * torch.randn(x.shape, generator=g)).clamp(
        0, 1
    )


def test_mse_and_psnr_agree_with_scikit_image(pair):
    x, y = pair
    mse = [mean_squared_error(a, b) for a, b in zip(x.numpy(), y.numpy(), strict=True)]
    db = [peak_signal_noise_ratio(a, b, data_range=1.0) for a, b in zip(x.numpy(), y.numpy(), strict=True)]
    np.testing.assert_allclose(mse_unit(x, y), mse, rtol=1e-6)
    np.testing.assert_allclose(psnr(x, y), db, rtol=1e-6)


def test_signed_mse_is_that_of_the_mapped_images(pair):
    x, y = pair
    mapped = [mean_squared_error(2 * a - 1, 2 * b - 1) for a, b in zip(x.numpy(), y.numpy(), strict=True)]
    np.testing.assert_allclose(mse_signed(x, y), mapped, rtol=1e-5)


def test_rmse_of_constant_images_10_and_20_is_10():
    x, y = torch.full((2, 1, 5, 5), 10 / 255), torch.full((2, 1, 5, 5), 20 / 255)
    assert rmse_255(x, y).tolist() == pytest.approx([10.0, 10.0], rel=1e-6)


def test_rmse_is_taken_per_image_and_then_averaged():
    x = torch.zeros(2, 1, 4, 4)
    y = torch.stack([torch.full((1, 4, 4), 10 / 255), torch.full((1, 4, 4), 30 / 255)])
    assert float(rmse_255(x, y).mean()) == pytest.approx(20.0, rel=1e-6)
    assert 255 * float(mse_unit(x, y).mean()) ** 0.5 == pytest.approx(500**0.5, rel=1e-6)


def test_psnr_per_image_is_not_the_psnr_of_the_pooled_error(pair):
    x, y = pair
    assert float(psnr(x, y).mean()) > float(pooled_psnr(y, x, data_range=1.0)) + 1.0


def test_perfect_reconstruction_has_the_capped_psnr():
    x = torch.rand(2, 1, 4, 4)
    assert psnr(x, x).tolist() == [PSNR_CAP, PSNR_CAP]


def test_points_are_compared_as_they_are():
    assert mse_points(torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 4.0]])).tolist() == [12.5]


def test_long_sums_do_not_lose_small_errors():
    x = torch.zeros(1, 3, 512, 512)
    y = x + 1e-4
    assert float(mse_unit(x, y)) == pytest.approx(1e-8, rel=1e-6)


@through("size", [1, 7, 64])
def test_mean_does_not_depend_on_the_pieces(size):
    values = 1e6 + torch.randn(500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    total = Mean()
    for piece in values.split(size):
        total.add(piece)
    total.add(values[:0])
    assert total.n == 500
    assert total.value == pytest.approx(float(values.mean()), rel=1e-14)
    assert total.std == pytest.approx(float(values.std()), rel=1e-9)


@through("size", [1, 7, 64])
def test_spread_is_the_error_of_the_mean_sample_whatever_the_pieces(size):
    x = 1e3 + torch.randn(100, 2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    total = RunningVariance()
    for piece in x.split(size):
        total.add(piece)
    assert total.value == pytest.approx(float(mse_points(x, x.mean(0).expand_as(x)).mean()), rel=1e-9)


def test_one_value_has_no_deviation():
    total = Mean()
    total.add(torch.tensor([2.0]))
    assert (total.value, total.std) == (2.0, None)
